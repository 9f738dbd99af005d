/*
 * audit.c: scharnier audit verify: is the access log of a store whole?
 *
 * The broker's own program proves it, so that one piece of code knows the chain; it may run on a copy, on a
 * backup, or on the store itself when no broker uses it.
 */
#include <stdio.h>

#include "output.h"
#include "run.h"

int sch_cli_run_audit_verify(struct sch_cli *cli)
{
    const char *const arguments[] = { "scharnierd", "--audit-verify", cli->operand[0], NULL };
    if (!cli->json)
        return sch_run_wait(cli, arguments);
    char line[256];
    unsigned long long records = 0;
    unsigned long long links = 0;
    int result = sch_run_line(cli, arguments, line, sizeof line);
    bool read = sscanf(line, "whole: %llu records in %llu links", &records, &links) == 2;
    (void)sch_json_print("audit_verify", json_pack("{s:s,s:b,s:I,s:I}", "store", cli->operand[0], "whole",
                                                   result == 0 && read, "records", (json_int_t)records,
                                                   "links", (json_int_t)links));
    return result;
}
