/*
 * files.c: files that commands read and write, and where programs and data of this installation are.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *sch_cli_read(const char *path, size_t max, size_t *size, sch_error *error)
{
    char *content = NULL;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL) {
        (void)sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
        return NULL;
    }
    size_t room = 65536;
    *size = 0;
    for (;;) {
        char *grown = realloc(content, room + 1);
        if (grown == NULL) {
            (void)sch_fail(error, SCH_E_NO_MEMORY, "%s", path);
            goto failed;
        }
        content = grown;
        *size += fread(content + *size, 1, room - *size, file);
        if (ferror(file)) {
            (void)sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
            goto failed;
        }
        if (*size > max) {
            (void)sch_fail(error, SCH_E_TOO_LARGE, "%s: more than %zu bytes", path, max);
            goto failed;
        }
        if (*size < room)
            break;
        room *= 2;
    }
    content[*size] = '\0';
    if (file != stdin)
        fclose(file);
    return content;

failed:
    free(content);
    if (file != stdin)
        fclose(file);
    return NULL;
}

int sch_cli_write(const char *path, bool secret, const void *content, size_t size, sch_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
    if (fd < 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
    const char *at = content;
    bool good = true;
    for (size_t left = size; good && left > 0;) {
        ssize_t wrote = write(fd, at, left);
        good = wrote > 0 || (wrote < 0 && errno == EINTR);
        if (wrote > 0) {
            at += wrote;
            left -= (size_t)wrote;
        }
    }
    int cause = errno;
    good = close(fd) == 0 && good;
    return good ? SCH_OK : sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(cause));
}

/* The directory of this program, with its "/"; empty when it cannot be told. */
static void own_directory(char path[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        slash[1] = '\0';
}

void sch_cli_program(const char *name, char *path, size_t size)
{
    char own[PATH_MAX];
    own_directory(own);
    int length = snprintf(path, size, "%s%s", own, name);
    if (own[0] == '\0' || length < 0 || (size_t)length >= size || access(path, X_OK) != 0)
        snprintf(path, size, "%s", name);
}

bool sch_cli_data(const char *name, char *path, size_t size)
{
    /* Where an administrator, an installation and a build tree keep their data; the build tree's programs are
     * three levels down, in build/release/bin. */
    static const char *const roots[] = { "/etc/scharnier/", "../share/scharnier/", "../../../adapters/" };
    char own[PATH_MAX];
    own_directory(own);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        int length = snprintf(path, size, "%s%s%s", roots[i][0] == '/' ? "" : own, roots[i], name);
        if (length > 0 && (size_t)length < size && access(path, R_OK) == 0)
            return true;
    }
    int length = snprintf(path, size, "adapters/%s", name);
    return length > 0 && (size_t)length < size && access(path, R_OK) == 0;
}
