"""The console: what a gateway does, in a browser, for whoever has its token.

It is a process of its own and never on the way of a request: `archgw up --console` has the
supervisor keep it, `archgw console` is it. All that it shows others have already, and it asks them
as anybody may who can open the home's sockets:

    chat        sends what is typed to a listener, as an application would
    decisions   the records that both extproc processes keep, as they come; `controlplane.past` adds
                what the LLM's call came to
    golden      a record written as a golden test
    traffic     the one scrape, every few seconds, as rates
    config      the file with its problems, the last reload, the versions that are held
    gates       who may ask: Host, token; what the browser may do with the answers
    place       where it listens, with which token
    app         the routes
    static/     what runs in the browser: plain modules, no build, nothing from elsewhere

Texts of prompts and values are here only where the config keeps them in its records. The chat knows
its own: somebody typed it there. Nothing is logged, and nothing written but the file that says where
the console is.
"""
