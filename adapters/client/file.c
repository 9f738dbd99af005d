/* file.c: a write that is whole, and a folder that is synced. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sch_file_write(int fd, const uint8_t *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, bytes, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

int sch_file_sync_folder(const char *path, sch_error *error)
{
    char *folder = strdup(path);
    if (!folder)
        return sch_fail(error, SCH_E_NO_MEMORY, "syncing the folder of %s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = SCH_OK;
    if (fd < 0 || fsync(fd) != 0)
        code = sch_fail(error, SCH_E_IO, "%s: cannot sync its folder: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(folder);
    return code;
}
