"""Runs in the environment of pocketsphinx: which rules of a JSGF grammar take a text, as JSON.

    python jsgf_reader.py FILE < QUESTIONS

Questions are a JSON list of [rule, text]; the answers a list of true, false, or null where there is
no such rule.
"""

import json
import sys

import pocketsphinx

jsgf = pocketsphinx.Jsgf(sys.argv[1])
scale = pocketsphinx.LogMath()
automata = {}
answers = []
for name, text in json.load(sys.stdin):
    if name not in automata:
        rule = jsgf.get_rule(f"{jsgf.get_name()}.{name}")
        automata[name] = rule and jsgf.build_fsg(rule, scale, 1.0)
    answers.append(automata[name].accept(text) if automata[name] else None)
sys.stdout.write(json.dumps(answers))
