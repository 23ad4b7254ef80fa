"""From a file to what the user wrote, with the place of each word.

yaml_tree   YAML → nodes: what is refused, where things stand, what a scalar is
document    a file and its variables → a document
values      shapes that a single value may have
mappings    mappings with known keys
keys        the one table of known keys; `schema` prints it for editors
dialects/   document → model, whichever of the old spellings it is written in
fix         old spellings upgraded in the file itself
"""
