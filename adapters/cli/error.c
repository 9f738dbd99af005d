/* error.c: scharnier error: the list of errors, without a broker. */
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CODE_ROW(N, n, e, c, h) SCH_E_##N,
static const enum sch_error_code codes[] = { SCH_ERROR_LIST(CODE_ROW) };
#define CODE_COUNT (sizeof codes / sizeof codes[0])

static json_t *as_json(enum sch_error_code code)
{
    return json_pack("{s:i,s:s,s:s,s:s,s:i}", "code", (int)code, "name", sch_error_name(code), "cause",
                     sch_error_cause(code), "try", sch_error_hint(code), "exit", sch_error_exit(code));
}

static int list(const struct sch_cli *cli)
{
    if (cli->json) {
        json_t *rows = json_array();
        for (size_t i = 0; i < CODE_COUNT; i++)
            json_array_append_new(rows, as_json(codes[i]));
        return sch_json_print("errors", json_pack("{s:o}", "errors", rows)) ? 0 : 1;
    }
    struct sch_table table = { .header = { "CODE", "NAME", "EXIT", "CAUSE" },
                               .columns = 4,
                               .right = { false, false, true, false } };
    for (size_t i = 0; i < CODE_COUNT; i++) {
        char code[16];
        char exit_code[16];
        snprintf(code, sizeof code, "E%d", (int)codes[i]);
        snprintf(exit_code, sizeof exit_code, "%d", sch_error_exit(codes[i]));
        const char *row[] = { code, sch_error_name(codes[i]), exit_code, sch_error_cause(codes[i]) };
        if (!sch_table_add(&table, row))
            break;
    }
    sch_table_print(&table, cli->headers, stdout);
    sch_table_free(&table);
    return 0;
}

/* "E2104", "2104" or "UNKNOWN_RECEIVER". */
static enum sch_error_code find(const char *word)
{
    const char *number = word + (word[0] == 'E' || word[0] == 'e');
    for (size_t i = 0; i < CODE_COUNT; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", (int)codes[i]);
        if (strcmp(text, number) == 0 || strcasecmp(sch_error_name(codes[i]), word) == 0)
            return codes[i];
    }
    return SCH_OK;
}

int sch_cli_run_error(struct sch_cli *cli)
{
    if (cli->operand_count == 0 || strcmp(cli->operand[0], "ls") == 0)
        return list(cli);
    enum sch_error_code code = find(cli->operand[0]);
    if (code == SCH_OK) {
        fprintf(stderr, "scharnier: there is no error \"%s\"\n  try    scharnier error ls\n",
                cli->operand[0]);
        return 5;
    }
    if (cli->json)
        return sch_json_print("error", as_json(code)) ? 0 : 1;
    printf("E%d %s\n  cause  %s\n  try    %s\n  exit   %d\n", (int)code, sch_error_name(code),
           sch_error_cause(code), sch_error_hint(code), sch_error_exit(code));
    return 0;
}
