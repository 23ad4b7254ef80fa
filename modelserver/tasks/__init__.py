"""Tasks: what is asked of the models, and what their outputs mean.

Theory of operation
-------------------
A task is pure. It holds no session, opens no socket and reads no clock:

    encode(request)          -> rows      token ids, type ids, marker positions
    decode(request, outputs) -> answer    one output per row, same order

Between the two the server batches rows of several requests, pads them and runs the
model. The models take int64 inputs `input_ids, attention_mask, token_type_ids`
(`[rows, tokens]`) and, for the targets model, `markers` (`[rows, markers]`); each
output's first axis is the row. The outputs of the targets model:

    scores    [rows, markers, 7]       tool, several calls, option, what option, start and
                                       end must beat for a value to be there, and whether
                                       a finished call, or a value of it, is right
    starts    [rows, markers, tokens]  the marker's value begins at this token
    ends      [rows, markers, tokens]  the marker's value ends with this token
    none      [rows]                   what a tool's score must beat
    embedding [rows, 384]              unit length, for the shortlist of many targets

`targets.intent` scores all targets of a request together; with many it first embeds the
conversation, takes the nearest targets (their embeddings are cached by text) and scores
those. `targets.functions` reads the arguments of the chosen targets, and
`targets.second_look`, where the model has learnt to, judges the finished calls.
`targets.decide.Targets.decide` strings the passes together: the server gives it a `Runner`,
an async function from rows to outputs, and gets a `Decision`. An `Output` is one row's own
part of the batch: no padding in the markers' or the tokens' axis.
"""
