"""Golden conversations: what is expected of a config's decisions, and whether it holds.

    cases        test files (YAML, or JSON lines of OpenAI messages) in, cases out, or every problem
    judging      a case and its decision: what differs
    summary      all of them: accepted or not, who is taken for whom
    formats      that as text, JSON, JUnit, GitHub annotations
    updating     expectations rewritten to what was decided, the rest of the file as it was

Deciding is not done here: see `rehearsal`.
"""
