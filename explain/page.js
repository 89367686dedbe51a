// The head of the page, and what changes all sections: the sentence and the theme.
"use strict";

function drawHeader() {
    const { encoder, decoder, d_model, dtype, source_language, target_language } = checkpoint;
    byId("lines").replaceChildren(
        ...data.lines.map((line) =>
            html(
                "blockquote",
                null,
                html("p", { lang: source_language }, line.text),
                html("p", { lang: target_language }, line.translation),
            ),
        ),
    );
    byId("sentences").hidden = data.sentences.length === 1;
    byId("sentences").append(
        ...choice(
            "sentence",
            data.sentences.map((of, i) => [i, of.text]),
            view.sentence,
            chooseSentence,
        ),
    );
    byId("checkpoint").textContent =
        `${source_language} to ${target_language}, ${dtype} weights: ` +
        `${encoder.n_layers} encoder and ${decoder.n_layers} decoder layers, ` +
        `${encoder.n_heads} and ${decoder.n_heads} heads, d_model ${d_model}, d_ff ${encoder.d_ff} and ${decoder.d_ff}. transformer.c ${data.version}`;
}

function chooseSentence(i) {
    view.sentence = i;
    view.step = view.position = 0;
    chooseQuery(Math.min(1, sentence().target.length - 1));
    drawSections();
}

function drawSections() {
    readScales();
    drawAlignedChoice();
    drawAlignment();
    drawMap();
    drawBox();
    drawAttention();
    drawDecoding();
    drawPositions();
}

// The system's theme, and its changes, until the button says otherwise.
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function setTheme(theme) {
    const other = theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = other === "dark" ? "Dark" : "Light";
    byId("theme").setAttribute("aria-label", `Use ${other} colours`);
    byId("theme").onclick = () => {
        systemDark.onchange = null;
        setTheme(other);
    };
    drawSections();
}

systemDark.onchange = () => setTheme(systemDark.matches ? "dark" : "light");

// Lines are drawn between places on the screen, so they follow its width.
let width = 0;
new ResizeObserver(() => {
    if (width !== (width = byId("pieces").clientWidth)) drawAlignment();
}).observe(byId("pieces"));

drawHeader();
chooseQuery(Math.min(1, sentence().target.length - 1));
setTheme(systemDark.matches ? "dark" : "light");
