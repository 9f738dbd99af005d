/* run.h: other programs of this installation, started and ended by scharnier(1). */
#ifndef SCH_CLI_RUN_H
#define SCH_CLI_RUN_H

#include <sys/types.h>

#include "cli.h"

/* Runs a program that lies beside this one (or in PATH) with these arguments (the first: its name), waits,
 * and returns its exit code; 1 when it could not be run or was killed, after saying so. */
int sch_run_wait(const struct sch_cli *cli, const char *const *arguments);

/* The same, with the first line that it writes to stdout in line (without its newline; "" when there is
 * none), and nothing of it printed. */
int sch_run_line(const struct sch_cli *cli, const char *const *arguments, char *line, size_t size);

/* Starts it in the background, with stdout and stderr appended to log. Its process ends with ours. -1 with
 * *error (IO). */
pid_t sch_run_start(const char *const *arguments, const char *log, sch_error *error);

#endif
