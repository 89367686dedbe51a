// The steps of greedy search: the most probable pieces, and what each part of the residual stream would have said.
"use strict";

function chooseStep(step) {
    view.step = Math.min(Math.max(step, 0), sentence().target.length - 1);
    drawDecoding();
}

function drawDecoding() {
    const target = targetPieces(),
        t = view.step,
        trace = sentence().trace,
        slider = byId("step");
    slider.max = target.length - 1;
    slider.value = t;
    slider.oninput = () => chooseStep(Number(slider.value));
    byId("step-back").onclick = () => chooseStep(t - 1);
    byId("step-on").onclick = () => chooseStep(t + 1);
    byId("step-name").replaceChildren(`step ${t + 1} of ${target.length}: `, piece(target[t]));
    byId("said").replaceChildren(
        ...target.map((text, i) =>
            html(
                "button",
                {
                    type: "button",
                    class: i < t ? "past" : i === t ? "now" : "later",
                    "aria-current": i === t ? "step" : null,
                    onclick: () => {
                        chooseStep(i);
                        byId("said").querySelector(".now").focus();
                    },
                },
                piece(text),
            ),
        ),
    );
    const { chosen, best } = trace.output.reading[t];
    byId("best").replaceChildren(
        html("h3", null, "The most probable pieces"),
        table(
            ["piece", "probability"],
            best.map(([text, p]) => [
                text === target[t] ? "chosen" : "",
                [html("th", { scope: "row" }, piece(text)), html("td", { class: "wide" }, bar(p))],
            ]),
        ),
        ...(best[0][0] === target[t]
            ? []
            : [
                  html(
                      "p",
                      { class: "note" },
                      "The chosen piece is ",
                      piece(target[t]),
                      `, of probability ${percent(chosen)}: the length cap ends the sentence.`,
                  ),
              ]),
    );
    const readings = Object.entries(trace).filter(([, of]) => of.reading);
    byId("readings").replaceChildren(
        html("h3", null, "If decoding stopped here"),
        table(
            ["read after", "it would say", ["of the chosen ", piece(target[t])]],
            readings
                .reverse()
                .map(([name, { reading }]) => [
                    reading[t].best[0][0] === target[t] ? "chosen" : "",
                    [
                        html("th", { scope: "row" }, code(name)),
                        html(
                            "td",
                            { class: "would" },
                            ...reading[t].best
                                .slice(0, 3)
                                .map(([text, p]) => html("span", null, piece(text), ` ${percent(p)}`)),
                        ),
                        html("td", { class: "wide" }, bar(reading[t].chosen)),
                    ],
                ]),
        ),
        html(
            "p",
            { class: "note" },
            "Each is softmax(x Wᵀ + b) of that part of the residual stream; for the last norm that is ",
            code("output"),
            ".",
        ),
    );
}

// rows: [class, cells]
const table = (heads, rows) =>
    html(
        "table",
        null,
        html("thead", null, html("tr", null, ...heads.map((head) => html("th", null, ...[head].flat())))),
        html("tbody", null, ...rows.map(([kind, cells]) => html("tr", { class: kind }, ...cells))),
    );
