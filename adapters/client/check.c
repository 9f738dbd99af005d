/* check.c: sch_config_check(): reads a configuration as sch_open() does, and opens nothing. */
#include "config.h"

int sch_config_check(const char *config_path, void (*report)(void *context, const char *line), void *context,
                     sch_error *error)
{
    struct sch_client_config config;
    int code = sch_client_config_load(&config, config_path, report, context, error);
    if (code == SCH_OK)
        sch_client_config_close(&config);
    return code;
}
