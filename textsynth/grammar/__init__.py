"""Home Assistant's sentence templates: read, checked, counted exactly and drawn as Arrow tables.

`syntax` reads one sentence, `document` YAML and JSON with places, `grammar` a pack of files;
`scope` knows which names are in force where; `fragments` compiles a sentence to tables of
fragments, `link` numbers their texts, and `draw` draws rows from them.
"""
