// Every attention's weights, and the way from q and k to a weight and from weights and v to what a head finds.
"use strict";

const ATTENTION_KINDS = [
    ["encoder", "self_attention", "encoder self"],
    ["decoder", "self_attention", "decoder self, causal"],
    ["decoder", "cross_attention", "cross"],
];

const attentionNames = (side, part) =>
    Array.from({ length: checkpoint[side].n_layers }, (_, l) => `${side}.${l}.${part}`);

// The weights of query i as they are shown: traced, or without the division.
const shownWeights = (head, i) => (view.divided ? head.weights(i) : head.weightsUndivided(i));
const allWeights = (head) => Array.from({ length: head.nQueries }, (_, i) => shownWeights(head, i));

function drawAttention() {
    drawKinds();
    drawHeads();
    drawMatrix();
    byId("undivided").checked = !view.divided;
    byId("undivided").onchange = (event) => {
        view.divided = !event.target.checked;
        drawHeads();
        drawMatrix();
    };
}

function drawKinds() {
    const field = byId("attention-kind"),
        kind = view.attention.replace(/\.\d+\./, ".");
    field.replaceChildren(
        field.firstElementChild,
        ...choice(
            "kind",
            ATTENTION_KINDS.map(([side, part, label]) => [`${side}.${part}`, label]),
            kind,
            (chosen) => {
                const [side, part] = chosen.split(".");
                chooseHead(attentionNames(side, part)[0], 0);
            },
        ),
    );
}

function chooseHead(name, head) {
    const kindOf = (of) => of.replace(/\.\d+\./, "."),
        otherKind = kindOf(name) !== kindOf(view.attention);
    view.attention = name;
    view.head = Math.min(head, stackOf(name).n_heads - 1);
    if (otherKind) {
        byId("attention-kind").querySelector(`[value="${kindOf(name)}"]`).checked = true;
        drawHeads();
    }
    markHead();
    drawMatrix();
}

// The strongest weight of a query, to begin with.
function chooseQuery(query) {
    const weights = attentionHead(view.attention, view.head).weights(query);
    view.query = query;
    view.key = weights.indexOf(Math.max(...weights));
}

// ---- the small ones ----

function drawHeads() {
    const [side, , part] = view.attention.split(".");
    const rows = attentionNames(side, part).map((name) =>
        html(
            "div",
            { class: "layer" },
            code(name),
            html(
                "div",
                { class: "row", style: `--n-heads: ${checkpoint[side].n_heads}` },
                ...Array.from({ length: checkpoint[side].n_heads }, (_, h) => {
                    const canvas = html("canvas");
                    const of = attentionHead(name, h);
                    paintWeights(canvas, allWeights(of), of.nKeys);
                    return html(
                        "button",
                        {
                            type: "button",
                            "data-name": name,
                            "data-head": h,
                            "aria-label": `${name}, head ${h}`,
                            onclick: () => chooseHead(name, h),
                            onkeydown: stepHead,
                        },
                        canvas,
                        html("span", null, `head ${h}`),
                    );
                }),
            ),
        ),
    );
    byId("heads").replaceChildren(...rows);
    markHead();
}

function markHead() {
    for (const button of byId("heads").querySelectorAll("button")) {
        const chosen = button.dataset.name === view.attention && Number(button.dataset.head) === view.head;
        button.setAttribute("aria-pressed", String(chosen));
        button.tabIndex = chosen ? 0 : -1;
    }
}

function stepHead(event) {
    const by = ARROWS[event.key];
    if (!by) return;
    event.preventDefault();
    const [side, layer, part] = view.attention.split("."),
        { n_layers, n_heads } = checkpoint[side];
    const to = Math.min(Math.max(Number(layer) + by[1], 0), n_layers - 1);
    chooseHead(`${side}.${to}.${part}`, Math.min(Math.max(view.head + by[0], 0), n_heads - 1));
    byId("heads").querySelector("[aria-pressed=true]").focus();
}

// ---- the large one ----

function drawMatrix() {
    const head = attentionHead(view.attention, view.head);
    view.query = Math.min(view.query, head.nQueries - 1);
    view.key = Math.min(view.key, head.nSeen(view.query) - 1);
    const cross = view.attention.includes("cross"),
        dense = head.nKeys * 24 > byId("matrix").clientWidth;
    const queries = piecesOfRows(`${view.attention}.query`),
        keys = piecesOfRows(`${view.attention}.key`);
    const body = queries.map((text, i) => {
        const weights = shownWeights(head, i);
        return html(
            "tr",
            null,
            html("th", { scope: "row" }, piece(text)),
            ...keys.map((key, j) =>
                html(
                    "td",
                    j < weights.length
                        ? {
                              role: "gridcell",
                              "data-query": i,
                              "data-key": j,
                              style: `background: ${weightColour(weights[j])}`,
                              title: `${text} → ${key}: ${format(weights[j])}`,
                          }
                        : { class: "unseen", title: `${key} comes later` },
                ),
            ),
        );
    });
    byId("matrix").replaceChildren(
        html(
            "p",
            { class: "caption" },
            code(`${view.attention}.weights`),
            ` head ${view.head}`,
            html("span", { class: "shape" }, `${head.nQueries} × ${head.nKeys}`),
            legend(0, 1, "--weights"),
        ),
        html(
            "div",
            { class: dense ? "scroll dense" : "scroll" },
            html(
                "table",
                {
                    role: "grid",
                    "aria-label": "weights",
                    style: `--n-keys: ${head.nKeys}`,
                    onclick: ({ target: { dataset } }) =>
                        dataset.key && chooseCell(Number(dataset.query), Number(dataset.key)),
                    onkeydown: stepCell,
                },
                html(
                    "thead",
                    null,
                    html(
                        "tr",
                        null,
                        html("th", { class: "corner" }, cross ? "target ↓ source →" : "query ↓ key →"),
                        ...keys.map((text) => html("th", { scope: "col" }, html("div", null, piece(text)))),
                    ),
                ),
                html("tbody", null, ...body),
            ),
        ),
    );
    markCell();
    drawSaturation(head);
    drawWay();
}

function chooseCell(query, key) {
    view.query = query;
    view.key = key;
    markCell();
    drawWay();
    byId("matrix").querySelector(".cell").focus({ preventScroll: true });
}

function markCell() {
    const matrix = byId("matrix"),
        before = matrix.querySelector(".cell");
    if (before) fill(before, { class: "", tabindex: -1, "aria-selected": "false" }, []);
    fill(
        matrix.querySelector(`[data-query="${view.query}"][data-key="${view.key}"]`),
        { class: "cell", tabindex: 0, "aria-selected": "true" },
        [],
    );
}

function stepCell(event) {
    const by = ARROWS[event.key],
        head = attentionHead(view.attention, view.head);
    if (!by) return;
    event.preventDefault();
    const query = Math.min(Math.max(view.query + by[1], 0), head.nQueries - 1);
    chooseCell(query, Math.min(Math.max(view.key + by[0], 0), head.nSeen(query) - 1));
}

// How sharp the rows are: the mean largest weight, and the perplexity exp(H) = over how many keys a row spreads.
function sharpness(rows) {
    const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const entropy = (row) => -row.reduce((sum, w) => sum + (w > 0 ? w * Math.log(w) : 0), 0);
    return {
        largest: mean(rows.map((row) => Math.max(...row))),
        spread: mean(rows.map((row) => Math.exp(entropy(row)))),
    };
}

function drawSaturation(head) {
    const rows = Array.from({ length: head.nQueries }, (_, i) => i);
    const divided = sharpness(rows.map(head.weights)),
        undivided = sharpness(rows.map(head.weightsUndivided));
    const say = (label, { largest, spread }, shown) =>
        html(
            shown ? "b" : "span",
            null,
            `${label}: largest weight of a row ${format(largest, 2)} on average, spread over ${format(spread, 1)} keys`,
        );
    byId("saturation").replaceChildren(
        say("divided", divided, view.divided),
        html("br"),
        say("not divided", undivided, !view.divided),
    );
}

// ---- the whole way ----

function drawWay() {
    const name = view.attention,
        head = attentionHead(name, view.head),
        { query: i, key: j } = view;
    const queries = piecesOfRows(`${name}.query`),
        keys = piecesOfRows(`${name}.key`);
    const q = head.q(i),
        k = head.k(j),
        v = head.v(j),
        products = head.products(i),
        weights = shownWeights(head, i);
    const root = Math.sqrt(head.width),
        scores = view.divided ? products.map((p) => p / root) : products;
    const largest = Math.max(...scores),
        powers = scores.map((s) => Math.exp(s - largest));
    const found = Float32Array.from(q, (_, c) => weights.reduce((sum, w, key) => sum + w * head.v(key)[c], 0));
    const end = colourEnd([...q, ...k]),
        valueEnd = colourEnd([...v, ...found]);
    const times = Float32Array.from(q, (x, c) => x * k[c]);
    const named = (id, text) => html("b", { id }, text);
    byId("way").replaceChildren(
        html("h3", null, "From ", piece(queries[i]), " to ", piece(keys[j])),
        html("p", { class: "formula" }, formula(`softmax(Q K^T${view.divided ? " / √d_k" : ""}) V`)),
        html(
            "ol",
            { class: "steps" },
            step("The query, row ", i, " of ", `${name}.query`, strip("q", q, end)),
            step("The key, row ", j, " of ", `${name}.key`, strip("k", k, end)),
            html(
                "li",
                null,
                html(
                    "p",
                    null,
                    "Their product, number by number, and summed: q · k = ",
                    named("way-product", format(products[j])),
                ),
                strip("q × k", times, colourEnd(times)),
            ),
            html(
                "li",
                null,
                html(
                    "p",
                    null,
                    ...(view.divided
                        ? ["Divided by √d", html("sub", null, "head"), ` = √${head.width} = ${format(root)}: `]
                        : ["Not divided by √d", html("sub", null, "head"), ": "]),
                    named("way-score", format(scores[j])),
                ),
            ),
            html(
                "li",
                null,
                html(
                    "p",
                    null,
                    "Softmax over the row: exp(score − largest score), divided by their sum ",
                    format(powers.reduce((a, b) => a + b, 0)),
                    ". The weight is ",
                    named("way-weight", format(weights[j])),
                    view.divided ? "." : html("span", null, `; divided it is ${format(head.weights(i)[j])}.`),
                ),
                html(
                    "div",
                    { class: "scroll softmax", tabindex: 0 },
                    html(
                        "table",
                        null,
                        html(
                            "thead",
                            null,
                            html("tr", null, ...["key", "score", "exp", "weight"].map((t) => html("th", null, t))),
                        ),
                        html(
                            "tbody",
                            null,
                            ...scores.map((s, key) =>
                                html(
                                    "tr",
                                    { class: key === j ? "chosen" : "" },
                                    html("th", { scope: "row" }, piece(keys[key])),
                                    html("td", null, format(s)),
                                    html("td", null, format(powers[key])),
                                    html("td", { class: "wide" }, bar(weights[key], format(weights[key]))),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            html(
                "li",
                null,
                html(
                    "p",
                    null,
                    "The value, row ",
                    String(j),
                    " of ",
                    code(`${name}.value`),
                    ", counts ",
                    format(weights[j]),
                    " times",
                ),
                strip("v", v, valueEnd),
            ),
            html(
                "li",
                null,
                html(
                    "p",
                    null,
                    "All weighted values summed: row ",
                    String(i),
                    ", columns ",
                    `${view.head * head.width} … ${(view.head + 1) * head.width - 1} of `,
                    code(`${name}.heads`),
                    view.divided ? "" : ", had it not been divided",
                ),
                strip("heads", found, valueEnd),
            ),
        ),
    );
}

const step = (before, row, between, name, ...rest) =>
    html("li", null, html("p", null, before, String(row), between, code(name)), ...rest);
