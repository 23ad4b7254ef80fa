"""Token limits that many gateways share: one sum for all of them, in Redis.

Theory of operation. Envoy asks before a call whether its limits hold what it is estimated at, and tells
after it what it was and what it cost (`controlplane/emit/shared_limits.py` has what Envoy is told, and
`envoy/shared.lua` which limits concern a call). This process stands beside each gateway and keeps
nothing itself: all is in Redis, where one script looks and takes in one step, by Redis's own clock. So
the clocks of gateways may differ, and any of them may die.

    __main__    the process: `archgw-ratelimit`, or a child of the gateway's
    server      bytes ⇄ what is asked: Envoy's rate limit service
    counts      Redis: a pool of connections, one round trip for each request, a limit on its time
    counts.lua  what happens there

A limit is a number in Redis, as a client's budget is in Envoy (`envoy/budgets.lua`): the time, in
microseconds, when all that was spent will have come in again. A call is let in if that time, with what
the call is estimated at, is no further off than the limit's period. What a call cost beyond its estimate
is added when it has ended, however far that puts the time off, and paid before the next call.

So what is spent may exceed a limit by what the calls that run at one time cost beyond their estimates,
and by no more; over several periods the debt is paid and the limit holds.
"""
