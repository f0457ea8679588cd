"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.dataset.fixed !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(table.tBodies[0], column, up);
    });
  });
}

function key(row, column) {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
}

// Numbers by size, the rest by the alphabet; what has no value stays last, whichever way.
function sort(body, column, up) {
  const rows = [...body.rows].map((row) => ({ row, key: key(row, column) }));
  const full = rows.filter((entry) => entry.key !== "" && entry.key !== "nan");
  const none = rows.filter((entry) => entry.key === "" || entry.key === "nan");
  const numbers = full.every((entry) => !Number.isNaN(Number(entry.key)));
  full.sort((a, b) => (numbers ? a.key - b.key : a.key.localeCompare(b.key)) * (up ? 1 : -1));
  body.append(...[...full, ...none].map((entry) => entry.row));
}

// Paper cannot be opened: it has everything.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
