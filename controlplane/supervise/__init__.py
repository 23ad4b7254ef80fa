"""The supervisor: starts, watches, restarts and drains what one gateway is made of.

`archgw up` starts one supervisor per home. It holds the lock, serves Envoy its configuration,
keeps the children alive and answers `archgw status`, `reload` and `down` on a control socket.

    processes/  process: by pid and start time, so that a reused pid is never killed
                leash: what a child runs before it becomes itself; it dies with its supervisor
                environment: what a child may inherit
                child: start, probe, restart with backoff, give up with a reason
                children: all of them, and the file that remembers them
                leftovers: children that outlived a killed supervisor
    envoy/      binary: which, its version, its flags; validation
                admin: Envoy's admin interface over a Unix socket
                drain: stop without losing a request
    lock        one instance per home
    home        its directory: taken at the start, left clean at the end
    ports       is the port free, and if not, who has it
    secrets     keys in 0600 files that Envoy reads, gone after `down`
    http        one question and its answer
    health      is it serving
    canary      does the guard guard
    services    which children a gateway needs: the one list to extend
    plan        a config file's whole meaning: snapshot, bootstrap, secrets, ports, children
    applying    plan → running, or the old one and the reason
    prepare     the same files without a supervisor, for `archgw compile --prepare`
    messages    what a command hears: a verdict, a status, the end; each to JSON and back
    scrape      the metrics of all processes as one, for Prometheus
    exposition  Prometheus's text, read, told apart, renamed and written
    control_server, control_client  the two ends of the control socket
    drain_time  how long the end may take
    launch      from the command line to a supervisor
    parts       what start, reload, status and end share
    config_file the config and its variables, read again when they change
    starting    from a request to a gateway that serves, or why not
    reloading   the config again, while it is in use
    status      what runs, and how it is
    supervisor  the life of a gateway, from lock to drained
"""
