/*
 * output.c: the one way in which scharnier(1) prints. Contract in output.h.
 *
 * Must not know: what is printed.
 */
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ------------------------------------------------------------------------------------- */

size_t sch_text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            width++;
    return width;
}

/* Beside C0 and DEL there are U+0080 to U+009F, in UTF-8 C2 80 to C2 9F, which some terminals heed. */
void sch_text_print(const char *text, FILE *out)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        bool high = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        bool low = (*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f;
        putc(high || low ? '?' : *at, out);
        at += high;
    }
}

bool sch_table_add(struct sch_table *table, const char *const *text)
{
    if (table->rows == table->room) {
        size_t wider = table->room == 0 ? 32 : 2 * table->room;
        char **cell = realloc(table->cell, wider * table->columns * sizeof *cell);
        if (cell == NULL)
            return false;
        table->cell = cell;
        table->room = wider;
    }
    char **row = &table->cell[table->rows * table->columns];
    for (size_t i = 0; i < table->columns; i++)
        row[i] = NULL;
    table->rows++;
    for (size_t i = 0; i < table->columns; i++) {
        row[i] = strdup(text[i]);
        if (row[i] == NULL)
            return false;
    }
    return true;
}

static void print_cell(const char *text, size_t width, bool right, bool last, FILE *out)
{
    size_t own = sch_text_width(text);
    int pad = own < width ? (int)(width - own) : 0;
    if (right)
        fprintf(out, "%*s%s", pad, "", text);
    else
        fprintf(out, "%s%*s", text, last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", out);
}

static void print_row(const struct sch_table *table, const char *const *text, const size_t *width, FILE *out)
{
    /* Blanks at the end of a line are no use to anybody: a row ends with its last text. */
    size_t last = table->columns - 1;
    while (last > 0 && text[last][0] == '\0')
        last--;
    for (size_t i = 0; i <= last; i++)
        print_cell(text[i], width[i], table->right[i], i == last, out);
}

void sch_table_print(const struct sch_table *table, bool headers, FILE *out)
{
    size_t width[SCH_TABLE_COLUMNS_MAX] = { 0 };
    headers = headers && table->header[0] != NULL;
    for (size_t i = 0; i < table->columns; i++) {
        width[i] = headers ? sch_text_width(table->header[i]) : 0;
        for (size_t r = 0; r < table->rows; r++) {
            size_t own = sch_text_width(table->cell[r * table->columns + i]);
            width[i] = own > width[i] ? own : width[i];
        }
    }
    if (headers)
        print_row(table, table->header, width, out);
    for (size_t r = 0; r < table->rows; r++)
        print_row(table, (const char *const *)&table->cell[r * table->columns], width, out);
}

void sch_table_free(struct sch_table *table)
{
    for (size_t i = 0; i < table->rows * table->columns; i++)
        free(table->cell[i]);
    free(table->cell);
    table->cell = NULL;
    table->rows = table->room = 0;
}

/* ---- JSON and errors ---------------------------------------------------------------------------- */

static bool print_json(const char *name, json_t *object, size_t flags)
{
    char schema[64];
    snprintf(schema, sizeof schema, "scharnier.%s/1", name);
    json_t *whole = json_pack("{s:s}", "schema", schema);
    bool good = whole != NULL && object != NULL && json_object_update(whole, object) == 0 &&
                json_dumpf(whole, stdout, flags) == 0;
    if (good)
        putchar('\n');
    json_decref(whole);
    json_decref(object);
    return good && fflush(stdout) == 0;
}

bool sch_json_print(const char *name, json_t *object)
{
    return print_json(name, object, JSON_INDENT(2));
}

bool sch_json_line(const char *name, json_t *object)
{
    return print_json(name, object, JSON_COMPACT);
}

int sch_cli_fail(const struct sch_cli *cli, const sch_error *error)
{
    int code = sch_perror(error);
    json_t *object =
        cli->json ? json_pack("{s:i,s:s,s:s,s:s,s:s,s:i}", "code", (int)error->code, "name", error->name,
                              "cause", error->cause, "where", error->text, "try", error->hint, "exit", code)
                  : NULL;
    if (object != NULL)
        (void)print_json("error", object, cli->jsonl ? JSON_COMPACT : JSON_INDENT(2));
    return code;
}

void sch_cli_next(const struct sch_cli *cli, const char *format, ...)
{
    if (cli->quiet || cli->json || !cli->headers)
        return;
    static const char program[] = "scharnier ";
    bool command = strncmp(format, program, sizeof program - 1) == 0;
    const char *store = sch_cli_option(cli, "store");
    va_list args;
    va_start(args, format);
    fputs("next: ", stdout);
    if (command && cli->config != NULL)
        printf("%s--config %s ", program, cli->config);
    vprintf(command && cli->config != NULL ? format + sizeof program - 1 : format, args);
    if (command && store != NULL)
        printf(" --store %s", store);
    putchar('\n');
    va_end(args);
}
