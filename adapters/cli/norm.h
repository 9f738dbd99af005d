/* norm.h: what the commands of the noun `norm` share. */
#ifndef SCH_CLI_NORM_H
#define SCH_CLI_NORM_H

#include "cli.h"
#include "core/norm.h"

/* "E9.clinical", and "national", a region or a provider. */
void sch_cli_norm_name(const struct sch_norm *row, char text[32]);
const char *sch_cli_norm_scope(const struct sch_norm *row);

/* Reads a norms file; every fault goes to stderr. Gives norms, to be freed; NULL with *error. */
struct sch_norms *sch_cli_norm_read(const char *path, sch_error *error);
/* The norms of --norms, or of this installation; path: where they were found. */
struct sch_norms *sch_cli_norm_current(const struct sch_cli *cli, char *path, size_t size, sch_error *error);

#endif
