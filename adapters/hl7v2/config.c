/* config.c: see config.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ini.h"
#include "mllp.h"

static const char *const sections[] = {"adapter", "listen", "peer"};
#define SECTION_COUNT (sizeof sections / sizeof *sections)

struct reader {
    struct sch_hl7v2_config *config;
    bool begun[SECTION_COUNT];
    const char *path;                   /* of the file */
    void (*report)(void *context, const char *line);
    void *context;
};

/* A path of the file: relative to the file's own directory. */
static int read_path(const struct reader *reader, const struct sch_ini *ini, const char *value, char *out)
{
    const char *slash = strrchr(reader->path, '/');
    int directory = slash != NULL && value[0] != '/' ? (int)(slash - reader->path) + 1 : 0;
    int size = snprintf(out, PATH_MAX, "%.*s%s", directory, reader->path, value);

    if (size < 0 || size >= PATH_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "the path is too long");
    return SCH_OK;
}

static int read_text(const struct sch_ini *ini, const char *name, const char *value, char *out, size_t size)
{
    if (*value == 0 || strlen(value) >= size)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is empty or longer than %zu bytes", name, size - 1);
    snprintf(out, size, "%s", value);
    return SCH_OK;
}

static int read_seconds(const struct sch_ini *ini, const char *name, const char *value, uint64_t *ms)
{
    uint64_t seconds = 0;
    int code = sch_ini_uint(ini, SCH_E_CONFIG, name, value, 1, 600, &seconds);

    if (code == SCH_OK)
        *ms = seconds * 1000;
    return code;
}

static int read_adapter(const struct reader *reader, const struct sch_ini *ini, const char *name,
                        const char *value)
{
    static const char *const names[] = {"side", "client_config", "map",   "state",
                                        "log",  "keep_days",     "window"};
    struct sch_hl7v2_config *config = reader->config;

    if (strcmp(name, "side") == 0) {
        config->side = strcmp(value, "his") == 0   ? SCH_SIDE_HIS
                       : strcmp(value, "epd") == 0 ? SCH_SIDE_EPD
                                                   : 0;
        return config->side != 0 ? SCH_OK : sch_ini_error(ini, SCH_E_CONFIG, "side is his or epd");
    }
    if (strcmp(name, "client_config") == 0)
        return read_path(reader, ini, value, config->client_config);
    if (strcmp(name, "map") == 0)
        return read_path(reader, ini, value, config->map);
    if (strcmp(name, "state") == 0)
        return read_path(reader, ini, value, config->state);
    if (strcmp(name, "log") == 0) {
        config->log_json = strcmp(value, "json") == 0;
        if (!config->log_json && strcmp(value, "text") != 0)
            return sch_ini_error(ini, SCH_E_CONFIG, "log is text or json");
        return SCH_OK;
    }
    if (strcmp(name, "keep_days") == 0)
        return sch_ini_uint(ini, SCH_E_CONFIG, name, value, 0, 36500, &config->keep_days);
    if (strcmp(name, "window") == 0)
        return sch_ini_uint(ini, SCH_E_CONFIG, name, value, 1, 64, &config->window);
    return sch_ini_unknown(ini, SCH_E_CONFIG, "key", name, names, sizeof names / sizeof *names);
}

static int read_listen(const struct reader *reader, const struct sch_ini *ini, const char *name,
                       const char *value)
{
    static const char *const names[] = {"address", "port", "frame_max", "answer_timeout"};
    struct sch_hl7v2_config *config = reader->config;

    if (strcmp(name, "address") == 0)
        return read_text(ini, name, value, config->listen_address, sizeof config->listen_address);
    if (strcmp(name, "port") == 0)
        return sch_ini_uint(ini, SCH_E_CONFIG, name, value, 0, 65535, &config->listen_port);
    if (strcmp(name, "frame_max") == 0)
        return sch_ini_uint(ini, SCH_E_CONFIG, name, value, 1024, SCH_MLLP_FRAME_MAX, &config->frame_max);
    if (strcmp(name, "answer_timeout") == 0)
        return read_seconds(ini, name, value, &config->answer_ms);
    return sch_ini_unknown(ini, SCH_E_CONFIG, "key", name, names, sizeof names / sizeof *names);
}

static int read_peer(const struct reader *reader, const struct sch_ini *ini, const char *name,
                     const char *value)
{
    static const char *const names[] = {"host", "port", "ack_timeout"};
    struct sch_hl7v2_config *config = reader->config;

    if (strcmp(name, "host") == 0)
        return read_text(ini, name, value, config->peer_host, sizeof config->peer_host);
    if (strcmp(name, "port") == 0)
        return sch_ini_uint(ini, SCH_E_CONFIG, name, value, 1, 65535, &config->peer_port);
    if (strcmp(name, "ack_timeout") == 0)
        return read_seconds(ini, name, value, &config->ack_timeout_ms);
    return sch_ini_unknown(ini, SCH_E_CONFIG, "key", name, names, sizeof names / sizeof *names);
}

static int begin_section(struct reader *reader, const struct sch_ini *ini, size_t section)
{
    if (reader->begun[section])
        return sch_ini_error(ini, SCH_E_CONFIG, "[%s] stands twice", sections[section]);
    reader->begun[section] = true;
    return SCH_OK;
}

static int handle(void *context, const struct sch_ini *ini, const char *section, const char *name,
                  const char *value)
{
    struct reader *reader = context;
    size_t i = 0;

    while (i < SECTION_COUNT && strcmp(section, sections[i]) != 0)
        i++;
    if (i == SECTION_COUNT)
        return sch_ini_unknown(ini, SCH_E_CONFIG, "section", section, sections, SECTION_COUNT);
    if (name == NULL)
        return begin_section(reader, ini, i);
    int code = sch_ini_one_line(ini, SCH_E_CONFIG, name);
    if (code != SCH_OK)
        return code;
    return i == 0 ? read_adapter(reader, ini, name, value)
           : i == 1 ? read_listen(reader, ini, name, value) : read_peer(reader, ini, name, value);
}

static void pass_report(void *context, const char *line)
{
    const struct reader *reader = context;
    if (reader->report != NULL)
        reader->report(reader->context, line);
}

/* What is missing cannot be seen by line. */
static int check(const struct reader *reader, sch_error *error)
{
    const struct sch_hl7v2_config *config = reader->config;
    const char *missing = config->side == 0 ? "[adapter] side"
                          : config->client_config[0] == 0 ? "[adapter] client_config"
                          : config->map[0] == 0 ? "[adapter] map"
                          : config->state[0] == 0 ? "[adapter] state"
                          : config->peer_host[0] == 0 ? "[peer] host"
                          : config->peer_port == 0 ? "[peer] port" : NULL;
    char line[PATH_MAX + 64];

    if (missing == NULL)
        return SCH_OK;
    snprintf(line, sizeof line, "%s: %s is missing", reader->path, missing);
    pass_report((void *)(uintptr_t)reader, line);
    return sch_fail(error, SCH_E_CONFIG, "%s", line);
}

int sch_hl7v2_config_read(const char *path, void (*report)(void *context, const char *line), void *context,
                          struct sch_hl7v2_config *config, sch_error *error)
{
    struct reader reader = {.config = config, .path = path, .report = report, .context = context};

    memset(config, 0, sizeof *config);
    snprintf(config->listen_address, sizeof config->listen_address, "127.0.0.1");
    config->frame_max = SCH_MLLP_FRAME_MAX;
    config->answer_ms = 20000;
    config->keep_days = 1095;
    config->window = 8;
    config->ack_timeout_ms = 30000;
    int code = sch_ini_read_file(path, handle, pass_report, &reader, error);
    return code != SCH_OK ? code : check(&reader, error);
}
