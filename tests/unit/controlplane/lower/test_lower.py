"""Lowering: every default applied, every reference resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controlplane import defaults, ir, model
from controlplane.compile import model_servers
from controlplane.defaults import Machine
from controlplane.lower import lower
from controlplane.lower.addresses import place, slug
from extproc import contract

PROVIDER = model.Provider(path=("llm_providers", 0), name="main", kind="openai", model="gpt-4o")


def lowered(*providers: model.Provider, **rest: object) -> ir.Gateway:
    return lower(model.Config(providers=providers, **rest), Machine("/ca.pem"))  # type: ignore[arg-type]


def at(number: int, **fields: object) -> model.Provider:
    return replace(PROVIDER, path=("llm_providers", number), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "protocol", "host", "port", "https"),
    [
        ("10.0.0.1:8080", None, "10.0.0.1", 8080, False),
        ("api.test", None, "api.test", 80, False),
        ("api.test", "https", "api.test", 443, True),
        ("api.test:443", None, "api.test", 443, True),
        ("api.test:443", "http", "api.test", 443, False),
        ("https://api.test", None, "api.test", 443, True),
        ("http://api.test:81/x", None, "api.test", 81, False),
        ("http://api.test:443", None, "api.test", 443, False),
        ("[::1]:8000", None, "::1", 8000, False),
    ],
)
def test_addresses(written: str, protocol: str | None, host: str, port: int, https: bool) -> None:
    """A host is read in every form users write it, and 443 means TLS."""
    where = place((written,), protocol)
    assert where.addresses == (ir.Address(host, port),)
    assert where.https is https


def test_slug() -> None:
    """Names become safe for files, clusters and metrics, whatever they hold."""
    assert slug("GPT-4o (eu/west)") == "GPT-4o-eu-west"
    assert slug("../..") == "unnamed"


def test_known_provider() -> None:
    """A known provider needs nothing but its kind: host, TLS, path and key header follow."""
    groq = at(0, kind="groq", access_key=model.Secret("k", "KEY"))
    gateway = lowered(groq)
    (provider,) = gateway.providers
    assert provider.upstream.addresses == (ir.Address("api.groq.com", 443),)
    assert provider.upstream.tls == ir.UpstreamTls("/ca.pem")
    assert dict(provider.paths) == {"/v1": "/openai/v1", "/v1/messages": ""}
    assert provider.credential is not None
    assert (provider.credential.header, provider.credential.prefix) == ("authorization", "Bearer ")
    assert [secret.value for secret in gateway.secrets] == ["k"]
    assert "k'" not in repr(gateway.secrets)


def test_a_moved_provider_has_a_new_secret() -> None:
    """The name of a key tells its hosts, so that an old key never meets a new host."""
    key = model.Secret("k", "KEY")
    old, new = (lowered(at(0, access_key=key, base_url=f"http://{h}/v1")) for h in ("a", "b"))
    assert old.secrets[0].name != new.secrets[0].name


def test_model_server() -> None:
    """Ours to run, on the home's socket, unless the user gives an address; both together move it."""
    target = model.PromptTarget(path=("t", 0), name="a")

    def server(**fields: object) -> tuple[str | None, bool]:
        written = model.ModelServer(path=("m",), **fields)  # type: ignore[arg-type]
        prompts = lowered(at(0), prompt_targets=(target,), model_server=written).prompts
        assert prompts is not None
        return prompts.model_server.address, prompts.model_server.embedded

    assert server() == (None, True)
    assert server(addresses=("10.0.0.1:1",)) == ("10.0.0.1:1", False)
    assert server(addresses=("127.0.0.1:2",), embedded=True) == ("127.0.0.1:2", True)
    assert server(addresses=("[::1]", "models.corp:1")) == ("[::1]:51000", False)


def test_model_servers_of_the_environment() -> None:
    """Several, with commas between; the config's own go before them."""
    machine = Machine("ca.pem", model_servers=model_servers({"MODEL_SERVER_ADDRESS": "a:1, b,"}))
    target = model.PromptTarget(path=("t", 0), name="a")
    found = []
    for written in (None, model.ModelServer(path=("m",), addresses=("c:3",))):
        config = model.Config(providers=(at(0),), prompt_targets=(target,), model_server=written)
        prompts = lower(config, machine).prompts
        assert prompts is not None
        found.append([each.place for each in prompts.model_server.addresses])
    assert found == [["a:1", "b:51000"], ["c:3"]]


def test_base_url_without_a_path() -> None:
    """A base_url that names a host alone gets the usual prefix."""
    gateway = lowered(at(0, kind=None, base_url="http://llm.test:8000"))
    assert dict(gateway.providers[0].paths)["/v1"] == "/v1"


def test_pool_in_one_cluster() -> None:
    """Providers of one name that differ in their hosts alone share a cluster and take turns."""
    gateway = lowered(
        at(0, base_url="http://a.test/v1", default=True), at(1, base_url="http://b.test/v1")
    )
    (provider,) = gateway.providers
    assert [address.host for address in provider.upstream.addresses] == ["a.test", "b.test"]
    assert gateway.llm_routes[0].groups == ((ir.WeightedProvider("main", 2),),)


def test_pool_of_several_clusters() -> None:
    """Another key or model needs a cluster of its own; the route draws one by weight."""
    gateway = lowered(
        at(0, access_key=model.Secret("a", "A"), default=True, weight=3),
        at(1, access_key=model.Secret("b", "B")),
    )
    assert [provider.name for provider in gateway.providers] == ["main", "main-2"]
    (route,) = gateway.llm_routes
    assert route.groups == ((ir.WeightedProvider("main", 3), ir.WeightedProvider("main-2", 1)),)


def test_pool_of_several_prices() -> None:
    """What an answer cost is known by its cluster."""
    price = model.Price(path=("p",), input=2, output=10)
    gateway = lowered(at(0, base_url="http://a.test/v1", price=price, default=True),
                      at(1, base_url="http://b.test/v1"))  # fmt: skip
    assert [each.price for each in gateway.providers] == [ir.Price(2, 10, 2), None]


def test_pool_of_hosts_that_are_called_otherwise() -> None:
    """Hosts that are checked each in their own way cannot share a cluster, which has one way."""
    checks = [model.HealthCheck(("endpoints", name), http_path=f"/{name}") for name in "ab"]
    endpoints = tuple(
        model.Endpoint(check.path, str(check.path[-1]), ("10.0.0.1:80",), health_check=check)
        for check in checks
    )
    gateway = lowered(
        at(0, endpoint="a", kind="local", default=True),
        at(1, endpoint="b", kind="local"),
        endpoints=endpoints,
    )
    found = [each.upstream.health_check for each in gateway.providers]
    assert [each.http_path for each in found if each] == ["/a", "/b"]


def test_endpoints_whose_names_are_alike() -> None:
    """Names that differ in odd characters alone stay two: a call goes to the endpoint it names."""
    names = ("my app", "my-app")
    gateway = lowered(
        PROVIDER,
        endpoints=tuple(
            model.Endpoint(("endpoints", name), name, (f"10.0.0.{number}:80",))
            for number, name in enumerate(names)
        ),
        prompt_targets=tuple(
            model.PromptTarget(
                ("prompt_targets", number),
                f"t{number}",
                endpoint=model.EndpointRef((), name, "/"),
            )
            for number, name in enumerate(names)
        ),
    )
    assert gateway.prompts
    hosts = {each.name: each.addresses[0].host for each in gateway.upstreams}
    called = [target.endpoint for target in gateway.prompts.targets]
    assert [hosts[each.upstream] for each in called if each] == ["10.0.0.0", "10.0.0.1"]


def test_model_shared_by_two_names() -> None:
    """A model that two providers serve is a pool of both; each name is still itself."""
    gateway = lowered(
        at(0, default=True), at(1, name="other", kind="azure_openai", base_url="http://x")
    )
    assert dict(gateway.choice.models) == {
        "gpt-4o": "gpt-4o",
        "openai/gpt-4o": "main",
        "azure_openai/gpt-4o": "other",
    }
    routes = {route.name: route.groups for route in gateway.llm_routes}
    assert routes["gpt-4o"] == ((ir.WeightedProvider("main", 1), ir.WeightedProvider("other", 1)),)
    assert routes["main"] == ((ir.WeightedProvider("main", 1),),)


def test_fallbacks() -> None:
    """Fallbacks are the groups after the pool, in the order written, once each."""
    gateway = lowered(
        at(0, default=True, fallbacks=("b", "c", "b")),
        at(1, name="b", model="m-b"),
        at(2, name="c", model="m-c"),
    )
    groups = gateway.llm_routes[0].groups
    assert [group[0].provider for group in groups] == ["main", "b", "c"]


def test_default() -> None:
    """A lone provider is the default; of several none is, unless one says so."""
    assert lowered(at(0)).choice.default == "main"
    assert lowered(at(0), at(1, name="b", model="m")).choice.default is None
    assert lowered(at(0), at(1, name="b", model="m", default=True)).choice.default == "b"


def test_aliases() -> None:
    """An alias leads where its target does, a provider, a model or both; all are told to clients."""
    aliases = [
        model.Alias(("model_aliases", name), name, target)
        for name, target in (("a", "main"), ("b", "m"), ("c", "mistral/m"))
    ]
    other = at(1, name="other", kind="mistral", model="m")
    choice = lowered(at(0, default=True), other, aliases=tuple(aliases)).choice
    models = dict(choice.models)
    assert [models[each] for each in "abc"] == ["main", "other", "other"]
    assert dict(choice.listed) == {
        "a": "main", "b": "other", "c": "other", "main": "main", "other": "other",
        "gpt-4o": "main", "m": "other",
    }  # fmt: skip


def test_models_that_no_provider_names() -> None:
    """They go to the provider whose models are called so, or that has no model, if it is the only
    one or the default; or nowhere.
    """
    choice = lowered(at(0), at(1, name="other", kind="local", base_url="http://x")).choice
    assert ("openai", "main") in choice.makers
    assert "anthropic" not in dict(choice.makers)
    assert (choice.refuses_others, choice.others) == (True, None)
    two = lowered(at(0), at(1, name="other")).choice
    assert two.makers == ()
    default = lowered(at(0), at(1, name="other", default=True)).choice
    assert default.makers == (("openai", "other"),)
    any_model = at(1, name="any", kind="local", base_url="http://x", model=None)
    assert lowered(at(0), any_model).choice.others == "any"
    v01 = lowered(at(0), any_model, overrides=model.Overrides(unknown_model="default")).choice
    assert (v01.refuses_others, v01.others, v01.makers) == (False, None, ())


def test_azure_paths() -> None:
    """Calls to a deployment name it in their path; the version is behind every path."""
    azure = at(0, kind="azure_openai", base_url="http://x/openai", model="d", api_version="v")
    (provider,) = lowered(azure).providers
    paths = dict(provider.paths)
    assert paths["/v1"] == "/openai"
    assert paths["/v1/chat/completions"] == "/openai/deployments/d/chat/completions"
    assert provider.query == "?api-version=v"


def test_prompts_know_the_models() -> None:
    """What extproc takes for a model is what the LLM listener does."""

    def models(**overrides: str) -> contract.Models | None:
        said = model.Overrides(**overrides)  # type: ignore[arg-type]
        guard = model.Guard(path=("g",))
        prompts = lowered(at(0), jailbreak_guard=guard, overrides=said).prompts
        return prompts.models if prompts else None

    known = models()
    assert known is not None
    assert [known.has(each) for each in ("main", "gpt-4o", "openai/gpt-4o", "GPT-5", "--", "x")] == [
        True, True, True, True, True, False,
    ]  # fmt: skip
    assert models(unknown_model="default") is None


def test_limits() -> None:
    """A provider's own limits and those for its model hold together; an empty value is each."""
    own = model.TokenLimit(("x",), 100, "minute", model.Selector(("s",), "X-User", ""))
    shared = model.TokenLimit(("y",), 5, "second", model="gpt-4o")
    other = model.TokenLimit(("z",), 7, "hour", model="another")
    gateway = lowered(at(0, rate_limits=(own,)), rate_limits=(shared, other))
    assert gateway.llm_routes[0].limits == (
        ir.TokenLimit("x-user", None, 100, timedelta(minutes=1)),
        ir.TokenLimit(None, None, 5, timedelta(seconds=1)),
    )


def budget(*path: str | int, client: str | None, **more: object) -> model.TokenLimit:
    selector = model.ClientSelector((*path, "selector"), client)
    return model.TokenLimit(path, selector=selector, **more)  # type: ignore[arg-type]


def test_budgets() -> None:
    """Of a provider, a model, and all together; who is named has its own in that place alone."""
    own = budget("a", client=None, tokens=100, unit="minute")
    for_web = budget("b", client="web", tokens=9, unit="hour")
    for_all = budget("c", client=None, tokens=5, unit="day")
    gateway = lowered(
        at(0, rate_limits=(own, for_web)), at(1, name="two", model="m"), rate_limits=(for_all,)
    )
    at_main = ir.Budget("main.100-minute", "main", 100, timedelta(minutes=1))
    of_web = ir.Budget("main.9-hour", "main", 9, timedelta(hours=1))
    everywhere = ir.Budget("*.5-day", "all providers", 5, timedelta(days=1))
    main, two = gateway.llm_routes
    assert main.budgets == ir.Budgets((at_main, everywhere), (("web", (of_web, everywhere)),))
    assert two.budgets == ir.Budgets((everywhere,))
    assert main.limits == ()


def test_audiences() -> None:
    """Who may use a pool or a fallback of it, by what is left for each; others have the rest."""
    gateway = lowered(
        at(0, clients=("web", "batch"), fallbacks=("dear",)),
        at(1, name="dear", model="d", clients=("web",)),
        at(2, name="open", model="o", fallbacks=("dear",)),
    )
    main, dear, free = gateway.llm_routes

    def groups(*names: str) -> ir.Groups:
        return tuple((ir.WeightedProvider(name, 1),) for name in names)

    assert (main.groups, dear.groups, free.groups) == ((), (), groups("open"))
    assert main.audiences == (
        ir.Audience(("web",), groups("main", "dear")),
        ir.Audience(("batch",), groups("main")),
    )
    assert dear.audiences == (ir.Audience(("web",), groups("dear")),)
    assert free.audiences == (ir.Audience(("web",), groups("open", "dear")),)
    assert [main.is_for(each) for each in ("web", "batch", "x", None)] == [True, True, False, False]


def test_one_host_for_each() -> None:
    """Providers alike but for their clients do not share what only one of them may use."""
    gateway = lowered(at(0, clients=("web",)), at(1, model="gpt-4o", clients=("batch",)))
    (route,) = gateway.llm_routes
    assert [each.clients for each in route.audiences] == [("web",), ("batch",)]
    assert route.audiences[0].groups != route.audiences[1].groups


def test_listeners() -> None:
    """A config for LLM calls has their listener alone; prompts bring their own."""
    assert [(entry.name, entry.address, entry.port) for entry in lowered(at(0)).listeners] == [
        ("llm", "127.0.0.1", 12000)
    ]
    target = model.PromptTarget(path=("prompt_targets", 0), name="t", description="d")
    gateway = lowered(at(0), prompt_targets=(target,))
    assert [entry.name for entry in gateway.listeners] == ["llm", "prompt"]
    assert lowered(at(0), prompt_targets=(target,), mode="llm").prompts is None


def test_target_defaults() -> None:
    """A parameter leaves its place behind; the default target is called with POST."""
    parameter = model.Parameter(path=("p",), name="days", type="integer", written_type="int")
    call = model.EndpointRef(path=("e",), name="app server", http_path="/x")
    plain = model.PromptTarget(path=("t", 0), name="a", endpoint=call, parameters=(parameter,))
    default = model.PromptTarget(path=("t", 1), name="b", endpoint=call, default=True)
    app = model.Endpoint(path=("endpoints", "app server"), name="app server", addresses=("app:80",))
    prompts = lowered(at(0), endpoints=(app,), prompt_targets=(plain, default)).prompts
    assert prompts is not None
    first, second = prompts.targets
    assert first.parameters == (contract.Parameter("days", "integer"),)
    assert first.endpoint == contract.ApiEndpoint("app-server", "/x", "GET")
    assert second.endpoint == contract.ApiEndpoint("app-server", "/x", "POST")
    assert first.dispatch_to_llm


def test_thresholds_of_guards() -> None:
    """What the config says, of one guard or of all; else toxicity's own, and the model's for attacks."""

    def thresholds(**overrides: float) -> list[float | None]:
        guards = {f"{kind}_guard": model.Guard(path=(kind,)) for kind in ("jailbreak", "toxicity")}
        said = model.Overrides(**overrides)
        prompts = lowered(at(0), **guards, overrides=said).prompts
        return [each.threshold for each in prompts.guards] if prompts else []

    assert thresholds() == [None, defaults.TOXICITY_THRESHOLD]
    assert thresholds(guard_threshold=0.8) == [0.8, 0.8]


def test_repr_of_a_gateway_has_no_key() -> None:
    """However a gateway is printed, its keys are not."""
    gateway = lowered(at(0, access_key=model.Secret("sk-canary", "KEY")))
    assert "sk-canary" not in repr(gateway)
    assert gateway.secrets[0].value == "sk-canary"
