/* The prompt: libedit reads a line, which a command uses or which is translated. A command that changes the translator
 * opens a new session, as another run of the program would. */
#include "cli/prompt.h"

#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bus_error.h"
#include "cli/history_file.h"
#include "cli/say.h"
#include "cli/translate_input.h"
#include "support/utf8.h"

typedef struct {
    arguments arguments; /* as the commands have changed them */
    session *session;
    char *model, *attention; /* what the arguments point to if commands have set it */
    text_buffer text;        /* of the prompt: "en→de> " */
    bool ended;
} prompt;

bool prompt_is_wanted(const arguments *a)
{
    return !a->n_words && !a->input && !a->output && !a->json_lines && !a->score && !a->n_best && !a->encoding &&
           isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Sets the prompt's text to the languages of the checkpoint. */
static bool show_languages(prompt *p, failure *why)
{
    const model_config *c = translator_config(p->session->translator);
    const char *target = p->arguments.to ? p->arguments.to : c->target_language;
    text_free(&p->text);
    return utf8_append_line(&p->text, c->source_language, strlen(c->source_language), why) &&
           text_append(&p->text, "→", strlen("→"), why) && utf8_append_line(&p->text, target, strlen(target), why) &&
           text_append(&p->text, "> ", 2, why);
}

/* Sets *owned to a copy of the value. */
static bool keep(char **owned, const char *value, failure *why)
{
    char *copy = strdup(value);
    if (!copy)
        return failure_memory(why, "a command");
    free(*owned);
    *owned = copy;
    return true;
}

/* Replaces the session by one with the options of `changed`, which become those of the prompt. */
static bool reopen(prompt *p, const arguments *changed, failure *why)
{
    failure ignored;
    bool is_usage;
    session opened;
    if (!session_open(&opened, changed, &is_usage, why)) {
        cli_catch_bus_errors(p->arguments.model, &ignored);
        return false;
    }
    session_close(p->session);
    *p->session = opened;
    p->arguments = *changed;
    return show_languages(p, why);
}

/* Draws the attention `value`, or if it is "", changes whether one is drawn. */
static bool set_attention(prompt *p, const char *value, failure *why)
{
    attention_choice choice;
    bool off = !*value && p->arguments.attention;
    if (!off && (!attention_choose(&choice, value, translator_config(p->session->translator), why) ||
                 !keep(&p->attention, value, why)))
        return false;
    if (!off)
        p->session->attention = choice;
    p->arguments.attention = off ? NULL : p->attention;
    puts(off ? "attention is off" : "attention is on");
    return true;
}

static bool set_steps(prompt *p, const char *value, failure *why)
{
    (void)value;
    arguments changed = p->arguments;
    changed.steps = !changed.steps;
    if (!reopen(p, &changed, why))
        return false;
    puts(p->arguments.steps ? "steps are on" : "steps are off");
    return true;
}

static bool set_beam(prompt *p, const char *value, failure *why)
{
    char *end;
    arguments changed = p->arguments;
    changed.n_beams = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || changed.n_beams < 1 || changed.n_beams > MAX_BEAMS)
        return failure_set(why, "the beam must be a number from 1 to %d, as in :beam 4", MAX_BEAMS);
    return reopen(p, &changed, why);
}

/* The language of --to and the attention that a command has chosen may not exist in another checkpoint. */
static bool set_model(prompt *p, const char *value, failure *why)
{
    arguments changed = p->arguments;
    char *model = NULL;
    if (!*value)
        return failure_set(why, ":model requires a checkpoint directory, as in :model checkpoints/en-ipa");
    if (!keep(&model, value, why))
        return false;
    changed.model = model;
    changed.to = NULL;
    changed.attention = changed.attention ? "" : NULL;
    bool ok = reopen(p, &changed, why), used = p->arguments.model == model;
    free(used ? p->model : model);
    if (used)
        p->model = model;
    return ok;
}

static bool show_help(prompt *p, const char *value, failure *why);

static bool quit(prompt *p, const char *value, failure *why)
{
    (void)value, (void)why;
    p->ended = true;
    return true;
}

static const struct {
    const char *name, *value, *about;
    bool (*run)(prompt *p, const char *value, failure *why);
} commands[] = {
    {":attention", "[NAME]", "draw the attention, or stop; NAME as in --attention=NAME", set_attention},
    {":steps", "", "show each decoding step, or stop", set_steps},
    {":beam", "N", "search with N hypotheses; 1 is greedy search", set_beam},
    {":model", "DIR", "translate with another checkpoint", set_model},
    {":help", "", "show the commands", show_help},
    {":quit", "", "end, like Ctrl-D", quit},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static bool show_help(prompt *p, const char *value, failure *why)
{
    (void)p, (void)value, (void)why;
    puts("Lines are translated; one that begins with a colon needs a space before it.");
    for (size_t i = 0; i < N_COMMANDS; i++)
        printf("%-11s%-8s%s\n", commands[i].name, commands[i].value, commands[i].about);
    return true;
}

/* Runs a command: its name, and after white space its value. */
static bool run_command(prompt *p, char *line, failure *why)
{
    static const char space[] = " \t";
    size_t n_name = strcspn(line, space);
    char *value = line + n_name + strspn(line + n_name, space);
    line[n_name] = '\0';
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(line, commands[i].name) == 0)
            return *commands[i].value || !*value ? commands[i].run(p, value, why)
                                                 : failure_set(why, "%s takes no value", line);
    failure_set(why, "unknown command %s; there are", line);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        size_t n = strlen(why->sentence);
        snprintf(why->sentence + n, sizeof why->sentence - n, "%s %s", i ? "," : "", commands[i].name);
    }
    return false;
}

static bool translate(const prompt *p, char *line, failure *why)
{
    arguments with_text = p->arguments;
    with_text.words = &line;
    with_text.n_words = 1;
    return translate_input(&with_text, p->session, why);
}

static char *prompt_text(EditLine *editor)
{
    const prompt *p = NULL;
    el_get(editor, EL_CLIENTDATA, &p);
    return p->text.bytes;
}

static EditLine *open_editor(prompt *p, const history_file *past)
{
    EditLine *editor = el_init("translate", stdin, stdout, stderr);
    if (!editor)
        return NULL;
    el_set(editor, EL_CLIENTDATA, p);
    el_set(editor, EL_PROMPT, prompt_text);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 1); /* puts the terminal back before a signal ends the program */
    el_set(editor, EL_HIST, history, past->lines);
    el_source(editor, NULL); /* ~/.editrc */
    return editor;
}

/* Translates a line, or runs its command. A failure does not end the prompt. */
static void use_line(prompt *p, char *line)
{
    failure why;
    if (!(*line == ':' ? run_command(p, line, &why) : translate(p, line, &why)))
        cli_say("%s", why.sentence);
}

static bool read_lines(prompt *p, EditLine *editor, history_file *past, failure *why)
{
    const char *typed;
    int n;
    while (!p->ended && (typed = el_gets(editor, &n))) {
        char *line = strdup(typed);
        if (!line)
            return failure_memory(why, "a line");
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " \t")]) {
            history_file_add(past, line);
            use_line(p, line);
        }
        free(line);
    }
    return true;
}

bool prompt_run(const arguments *a, session *s, failure *why)
{
    prompt p = {.arguments = *a, .session = s, .text = TEXT_EMPTY};
    history_file past = {0};
    EditLine *editor = NULL;
    bool ok = show_languages(&p, why) &&
              ((history_file_open(&past) && (editor = open_editor(&p, &past))) || failure_memory(why, "the prompt"));
    if (ok)
        puts("Type a text to translate it, :help for the commands, Ctrl-D to end.");
    ok = ok && read_lines(&p, editor, &past, why);
    if (ok && !p.ended)
        putchar('\n'); /* after Ctrl-D */
    if (editor)
        el_end(editor);
    if (past.lines)
        history_file_close(&past);
    text_free(&p.text);
    free(p.attention);
    free(p.model);
    return ok;
}
