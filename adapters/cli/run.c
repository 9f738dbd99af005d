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

/* In the child: never returns. out: where stdout goes; -1: ours. */
static void become(const char *const *arguments, int out, bool errors_too)
{
    char program[PATH_MAX];
    /* A broker that outlived its `scharnier dev` would hold the port and the directory. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    if (out >= 0 && errors_too)
        dup2(out, STDERR_FILENO);
    sch_cli_program(arguments[0], program, sizeof program);
    execvp(program, (char *const *)arguments);
    fprintf(stderr, "scharnier: cannot run %s: %s\n", program, strerror(errno));
    _exit(NOT_FOUND);
}

static pid_t start(const char *const *arguments, int out, bool errors_too, sch_error *error)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        (void)sch_fail(error, SCH_E_IO, "cannot start %s: %s", arguments[0], strerror(errno));
    if (child == 0)
        become(arguments, out, errors_too);
    return child;
}

pid_t sch_run_start(const char *const *arguments, const char *log, sch_error *error)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        (void)sch_fail(error, SCH_E_IO, "%s: %s", log, strerror(errno));
        return -1;
    }
    pid_t child = start(arguments, fd, true, error);
    close(fd);
    return child;
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 1;
    return WIFEXITED(status) && WEXITSTATUS(status) != NOT_FOUND ? WEXITSTATUS(status) : 1;
}

int sch_run_wait(const struct sch_cli *cli, const char *const *arguments)
{
    sch_error error = SCH_ERROR_INIT;
    pid_t child = start(arguments, -1, false, &error);
    return child < 0 ? sch_cli_fail(cli, &error) : wait_for(child);
}

int sch_run_line(const struct sch_cli *cli, const char *const *arguments, char *line, size_t size)
{
    sch_error error = SCH_ERROR_INIT;
    int ends[2];
    line[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)sch_fail(&error, SCH_E_IO, "pipe: %s", strerror(errno));
        return sch_cli_fail(cli, &error);
    }
    pid_t child = start(arguments, ends[1], false, &error);
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (output != NULL) {
        char rest[256];
        if (fgets(line, (int)size, output) != NULL)
            line[strcspn(line, "\n")] = '\0';
        while (fgets(rest, sizeof rest, output) != NULL)
            ;
        fclose(output);
    } else {
        close(ends[0]);
    }
    return child < 0 ? sch_cli_fail(cli, &error) : wait_for(child);
}
