/*
 * audit.c: scharnier audit verify: is the access log of a store whole?
 *
 * The broker's own program proves it, so that one piece of code knows the chain; it may run on a copy, on a
 * backup, or beside the broker that uses the store.
 */
#include "run.h"

int sch_cli_run_audit_verify(struct sch_cli *cli)
{
    const char *const arguments[] = { "scharnierd", "--audit-verify", cli->operand[0], cli->json ? "--json" : NULL,
                                      NULL };
    return sch_run_wait(cli, arguments);
}
