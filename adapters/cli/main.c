/* main.c: scharnier(1). The table of commands is in table.c; each noun has a file. */
#include <stdio.h>

#include "output.h"

int main(int argc, char **argv)
{
    struct sch_cli cli;
    sch_error error = SCH_ERROR_INIT;
    if (sch_cli_parse(&cli, argc, argv, &error) != SCH_OK)
        return sch_cli_fail(&cli, &error);
    if (cli.help || cli.command == NULL)
        return sch_cli_help(&cli);
    int result = cli.command->run(&cli);
    sch_close(cli.client);
    /* Output that could not be written is no success: a full disk, a closed pipe. */
    if (fflush(stdout) != 0 && result == 0)
        result = 1;
    return result;
}
