/*
 * control.c: the broker of this machine, asked over the control socket in its store's directory.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/control_ask.h"

#define STORE_DEFAULT "/var/lib/scharnier"

char *sch_cli_control(const struct sch_cli *cli, const char *request, sch_error *error)
{
    const char *store = sch_cli_option(cli, "store");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        (void)sch_fail(error, SCH_E_NO_MEMORY, "the broker's answer");
        return NULL;
    }
    int code =
        sch_control_ask(store != NULL ? store : STORE_DEFAULT, request, sch_cli_timeout(cli), out, error);
    if (fclose(out) != 0 && code == SCH_OK)
        code = sch_fail(error, SCH_E_NO_MEMORY, "the broker's answer");
    if (code == SCH_E_UNREACHABLE)
        error->hint = "--store DIR names the broker's store; ask as its user or as root";
    if (code == SCH_OK)
        return text;
    free(text);
    return NULL;
}

bool sch_cli_control_value(const char *lines, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = lines; *at != '\0';) {
        size_t line = strcspn(at, "\n");
        if (line > length && strncmp(at, name, length) == 0 && at[length] == ' ') {
            snprintf(value, size, "%.*s", (int)(line - length - 1), at + length + 1);
            return true;
        }
        at += line + (at[line] == '\n');
    }
    return false;
}
