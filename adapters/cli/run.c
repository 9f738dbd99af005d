/* run.c: starting scharnierd. Contract in run.h. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"

#define NOT_FOUND 127

/* In the child: never returns. */
static void become(const char *const *arguments, const char *log)
{
    char program[PATH_MAX];
    /* A broker that outlived its `scharnier dev` would hold the port and the directory. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (log != NULL) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (fd >= 0) {
            dup2(fd, STDOUT_FILENO);
            dup2(fd, STDERR_FILENO);
        }
    }
    sch_cli_program(arguments[0], program, sizeof program);
    execvp(program, (char *const *)arguments);
    fprintf(stderr, "scharnier: cannot run %s: %s\n", program, strerror(errno));
    _exit(NOT_FOUND);
}

pid_t sch_run_start(const char *const *arguments, const char *log, sch_error *error)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        (void)sch_fail(error, SCH_E_IO, "cannot start %s: %s", arguments[0], strerror(errno));
    if (child == 0)
        become(arguments, log);
    return child;
}

int sch_run_wait(const struct sch_cli *cli, const char *const *arguments)
{
    sch_error error = SCH_ERROR_INIT;
    int status = 0;
    pid_t child = sch_run_start(arguments, NULL, &error);
    if (child < 0)
        return sch_cli_fail(cli, &error);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 1;
    return WIFEXITED(status) && WEXITSTATUS(status) != NOT_FOUND ? WEXITSTATUS(status) : 1;
}
