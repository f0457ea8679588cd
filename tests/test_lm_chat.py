"""A chat model's answer, read as the completion of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.lm import chat, prompts


@pytest.mark.parametrize(
    ("answer", "completion"),
    [
        ("- wake me\n- ring", " wake me\n- ring"),
        ("- wake me\n- ring\n", " wake me\n- ring\n"),
        (" wake me\n- ring at {ti", " wake me\n- ring at {ti"),
        ("1. wake me\n2) ring\n(3) up", " wake me\n- ring\n- up"),
        ("* wake me\r\n• ring\r\n+ up", " wake me\n- ring\n- up"),
        ("- wake me\n\n- ring\n\nLet me know!", " wake me\n- ring\n"),
        ("Sure! Here are more:\n\n```text\n- wake me\n- ring\n```\nEnjoy!", " wake me\n- ring\n"),
        ("```\nwake me\nring at {time}\n```", " wake me\n- ring at {time}\n"),
        ("```\n- wake me\n- ri", " wake me\n- ri"),
        ("Certainly.\nwake me\nring", " wake me\n- ring"),
        ("**Set alarm:**\n- wake me\n\n**Play music:**\n- play", " wake me\n"),
        ("### Set alarm\n- wake me", " wake me"),
        ("<think>the user wants\n- a list</think>\n- wake me", " wake me"),
        ("the user wants</think>\n- wake me", " wake me"),
        ("<think>and then the limit came", ""),
        ('- "wake me"\n- `ring`\n- **up**\n- “now”', " wake me\n- ring\n- up\n- now"),
        ("- ok wake me\n- here is fine: {place}", " ok wake me\n- here is fine: {place}"),
        ("ok wake me\nsure", " ok wake me\n- sure"),
        ("- 5 degrees\n- -5 degrees", " 5 degrees\n- -5 degrees"),
        ("- the \\{ brace", " the \\{ brace"),
        ("", ""),
        ("Sure!\n", ""),
        ("-", " -"),
    ],
)
def test_a_chat_answer_becomes_a_completion(answer: str, completion: str) -> None:
    assert chat.completion(answer, "Set alarm:\n-") == completion


def test_without_an_open_bullet_the_first_line_has_its_own() -> None:
    assert chat.completion("1. wake me\n2. ring", "Set alarm:\n") == "- wake me\n- ring"


entry = st.from_regex(r"[a-z]{1,8}( (\{[a-z]{1,5}\}|[a-z]{1,8})){0,4}", fullmatch=True)


@given(
    st.lists(entry, min_size=2, max_size=6),
    st.sampled_from(["- {}", "* {}", "{n}. {}", "  • {}", '- "{}"']),
    st.sampled_from(["", "Here are some more:\n\n", "Set alarm:\n", "<think>hm</think>\n"]),
    st.sampled_from(["", "\n\nLet me know if you want more!", "\n\nPlay music:\n- play"]),
)
def test_however_a_list_is_written_its_entries_come_out(
    entries: list[str], form: str, before: str, after: str
) -> None:
    lines = [form.replace("{n}", str(at + 1)).replace("{}", e) for at, e in enumerate(entries)]
    completion = chat.completion(before + "\n".join(lines) + after, "Set alarm:\n- alarm\n-")
    assert prompts.parse(completion + "\n\n") == (entries, True)


@given(st.text(max_size=200), st.sampled_from(["x:\n-", "x:\n"]))
def test_any_answer_becomes_lines_of_a_list(answer: str, prompt: str) -> None:
    completion = chat.completion(answer, prompt)
    whole = ("-" if prompt.endswith("-") and completion else "") + completion
    assert all(line.startswith("- ") for line in whole.removesuffix("\n").split("\n") if whole)
