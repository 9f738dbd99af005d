/* config.c: scharnier config check: reads a configuration as the client or the broker would, and says what is
 * wrong. */
#include "output.h"

#include <stdio.h>

#include "run.h"

struct faults {
    json_t *lines;
    size_t count;
    bool print;
};

static void take_fault(void *context, const char *line)
{
    struct faults *faults = context;
    faults->count++;
    json_array_append_new(faults->lines, json_string(line));
    if (faults->print)
        printf("%s\n", line);
}

static int check_client(struct sch_cli *cli, const char *path)
{
    sch_error error = SCH_ERROR_INIT;
    struct faults faults = { .lines = json_array(), .print = !cli->json };
    int code = sch_config_check(path, take_fault, &faults, &error);
    if (code != SCH_OK && faults.count == 0)
        take_fault(&faults, error.text);
    if (cli->json)
        (void)sch_json_print("config_check", json_pack("{s:s,s:b,s:O}", "file", path, "valid", code == SCH_OK,
                                                       "faults", faults.lines));
    else if (code == SCH_OK)
        printf("%s: valid\n", path);
    else
        printf("not valid: %zu error%s\n", faults.count, faults.count == 1 ? "" : "s");
    json_decref(faults.lines);
    /* A file that cannot be read is no valid configuration either. */
    return code == SCH_OK ? 0 : sch_error_exit(SCH_E_CONFIG);
}

int sch_cli_run_config_check(struct sch_cli *cli)
{
    if (!sch_cli_is(cli, "broker"))
        return check_client(cli, cli->operand_count > 0 ? cli->operand[0] : sch_cli_config_path(cli));
    /* The broker's own file is read by the broker's own code. */
    const char *file = sch_cli_option(cli, "broker");
    const char *const arguments[] = { "scharnierd", "--check-config", "--config", file, NULL };
    return sch_run_wait(cli, arguments);
}
