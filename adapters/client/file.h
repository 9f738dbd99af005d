/*
 * file.h: writing to files so that it can be made durable. Must not know: what is in them.
 */
#ifndef SCH_CLIENT_FILE_H
#define SCH_CLIENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scharnier/error.h>

/* Writes all of it at offset; false leaves errno. */
bool sch_file_write(int fd, const uint8_t *bytes, size_t size, uint64_t offset);

/* Makes a rename or a new file in path's directory durable. Errors: IO, NO_MEMORY. */
int sch_file_sync_folder(const char *path, sch_error *error);

#endif
