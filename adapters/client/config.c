/* config.c: see config.h. Must not know sockets, nor what keys are used for. */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "ini.h"

struct reading {
    struct sch_client_config *config;
    char folder[PATH_MAX];              /* of the file, with its "/"; empty: the current one */
    void (*report)(void *context, const char *line);
    void *context;
    /* The section at hand; both NULL outside such sections. */
    struct sch_client_region *region;
    struct sch_client_mailbox *mailbox;
    bool has_broker, has_client;
};

static int unknown(const struct sch_ini *ini, const char *what, const char *word, const char *const *names,
                   size_t count)
{
    return sch_ini_unknown(ini, SCH_E_CONFIG, what, word, names, count);
}
#define UNKNOWN(ini, what, word, ...) \
    unknown(ini, what, word, (const char *const[]){ __VA_ARGS__ }, \
            sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* ---- values ------------------------------------------------------------------------------------- */

static int text_value(const struct sch_ini *ini, const char *name, const char *value, char *out, size_t size)
{
    size_t length = strlen(value);
    if (length == 0)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is empty", name);
    if (length >= size)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is longer than %zu bytes", name, size - 1);
    memcpy(out, value, length + 1);
    return SCH_OK;
}

static int path_value(const struct reading *r, const struct sch_ini *ini, const char *name, const char *value,
                      char out[PATH_MAX])
{
    if (!*value)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is empty", name);
    int size = snprintf(out, PATH_MAX, "%s%s", value[0] == '/' ? "" : r->folder, value);
    if (size < 0 || size >= PATH_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s: the path is too long", name);
    return SCH_OK;
}

/* Reads the key file here, so that what is wrong with it is said with the line that names it. */
static int key_value(const struct reading *r, const struct sch_ini *ini, const char *name, const char *value,
                     enum sch_key_use use, struct sch_key_pair *pair)
{
    char path[PATH_MAX];
    int code = path_value(r, ini, name, value, path);
    if (code != SCH_OK)
        return code;
    sch_error cause = SCH_ERROR_INIT;
    code = sch_key_pair_load(pair, path, &cause);
    if (code != SCH_OK)
        return sch_ini_error(ini, SCH_E_KEY_FILE, "%s: %s", name, cause.text);
    if (pair->use == use)
        return SCH_OK;
    sodium_memzero(pair, sizeof *pair);
    return sch_ini_error(ini, SCH_E_KEY_FILE, "%s: %s holds a key of another use", name, path);
}

/* ---- sections ----------------------------------------------------------------------------------- */

static int begin_region(struct reading *r, const struct sch_ini *ini, const char *name)
{
    struct sch_client_config *config = r->config;
    for (size_t i = 0; i < config->region_count; i++) {
        if (strcmp(config->region[i].name, name) == 0)
            return sch_ini_error(ini, SCH_E_CONFIG, "region \"%s\" comes twice", name);
    }
    if (config->region_count == SCH_CLIENT_REGIONS_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d regions", SCH_CLIENT_REGIONS_MAX);
    struct sch_client_region *region = &config->region[config->region_count];
    /* The name becomes part of a file's name in the state directory. */
    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name))
        return sch_ini_error(ini, SCH_E_CONFIG, "a region code has lower-case letters, digits and \"-\"");
    int code = text_value(ini, "the region code", name, region->name, sizeof region->name);
    if (code != SCH_OK)
        return code;
    config->region_count++;
    r->region = region;
    return SCH_OK;
}

static int begin_mailbox(struct reading *r, const struct sch_ini *ini, const char *address)
{
    struct sch_client_config *config = r->config;
    if (sch_client_config_mailbox(config, address))
        return sch_ini_error(ini, SCH_E_CONFIG, "mailbox \"%s\" comes twice", address);
    if (config->mailbox_count == SCH_ATTACHED_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d mailboxes", SCH_ATTACHED_MAX);
    struct sch_client_mailbox *mailbox = &config->mailbox[config->mailbox_count];
    if (!sch_address_set(&mailbox->address, address))
        return sch_ini_error(ini, SCH_E_CONFIG, "\"%s\" is no address such as agb:06290713/poh-ggz",
                             address);
    mailbox->attach = true;
    config->address[config->mailbox_count++] = mailbox->address;
    r->mailbox = mailbox;
    return SCH_OK;
}

static int begin_section(struct reading *r, const struct sch_ini *ini, const char *section)
{
    r->region = NULL;
    r->mailbox = NULL;
    if (strncmp(section, "region ", 7) == 0)
        return begin_region(r, ini, section + 7 + strspn(section + 7, " \t"));
    if (strncmp(section, "mailbox ", 8) == 0)
        return begin_mailbox(r, ini, section + 8 + strspn(section + 8, " \t"));
    bool *seen = strcmp(section, "broker") == 0 ? &r->has_broker :
                 strcmp(section, "client") == 0 ? &r->has_client : NULL;
    if (!seen)
        return UNKNOWN(ini, "section", section, "broker", "client", "region NAME", "mailbox ADDRESS");
    if (*seen)
        return sch_ini_error(ini, SCH_E_CONFIG, "section [%s] comes twice", section);
    *seen = true;
    return SCH_OK;
}

static int broker_line(struct reading *r, const struct sch_ini *ini, const char *name, const char *value)
{
    struct sch_client_config *config = r->config;
    if (strcmp(name, "endpoint") == 0) {
        if (strncmp(value, "tcp://", 6) != 0 || !strrchr(value + 6, ':'))
            return sch_ini_error(ini, SCH_E_CONFIG, "endpoint is written tcp://HOST:PORT");
        return text_value(ini, name, value, config->endpoint, sizeof config->endpoint);
    }
    if (strcmp(name, "server_key") == 0) {
        config->has_server_key = true;  /* given; a wrong one is an error of its own */
        return sch_ini_hex(ini, SCH_E_CONFIG, name, value, config->server_key, sizeof config->server_key);
    }
    return UNKNOWN(ini, "key", name, "endpoint", "server_key");
}

static int client_line(struct reading *r, const struct sch_ini *ini, const char *name, const char *value)
{
    struct sch_client_config *config = r->config;
    if (strcmp(name, "transport_key") == 0) {
        config->has_transport_key = true;
        return key_value(r, ini, name, value, SCH_KEY_TRANSPORT, &config->transport_key);
    }
    if (strcmp(name, "state") == 0)
        return path_value(r, ini, name, value, config->state);
    if (strcmp(name, "software") == 0)
        return text_value(ini, name, value, config->software, sizeof config->software);
    return UNKNOWN(ini, "key", name, "transport_key", "state", "software");
}

static int region_line(struct reading *r, const struct sch_ini *ini, const char *name, const char *value)
{
    if (strcmp(name, "key") != 0)
        return UNKNOWN(ini, "key", name, "key");
    r->region->has_key = true;
    return sch_ini_hex(ini, SCH_E_CONFIG, name, value, r->region->key, sizeof r->region->key);
}

static int mailbox_line(struct reading *r, const struct sch_ini *ini, const char *name, const char *value)
{
    struct sch_client_mailbox *mailbox = r->mailbox;
    if (strcmp(name, "sign_key") == 0) {
        mailbox->has_sign_key = true;
        return key_value(r, ini, name, value, SCH_KEY_SIGN, &mailbox->sign_key);
    }
    if (strcmp(name, "sign_key_id") == 0)
        return text_value(ini, name, value, mailbox->sign_key_id, sizeof mailbox->sign_key_id);
    if (strcmp(name, "attach") == 0)
        return sch_ini_bool(ini, SCH_E_CONFIG, name, value, &mailbox->attach);
    if (strcmp(name, "seal_key") != 0)
        return UNKNOWN(ini, "key", name, "sign_key", "sign_key_id", "seal_key", "attach");
    if (!*value)
        return SCH_OK;                  /* the list begins on the next, indented line */
    if (mailbox->seal_key_count == SCH_CLIENT_SEAL_KEYS_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d seal keys", SCH_CLIENT_SEAL_KEYS_MAX);
    int code = key_value(r, ini, name, value, SCH_KEY_SEAL, &mailbox->seal_key[mailbox->seal_key_count]);
    if (code == SCH_OK)
        mailbox->seal_key_count++;
    return code;
}

static int handle(void *context, const struct sch_ini *ini, const char *section, const char *name,
                  const char *value)
{
    struct reading *r = context;
    if (!name)
        return begin_section(r, ini, section);
    int code = strcmp(name, "seal_key") == 0 ? SCH_OK : sch_ini_one_line(ini, SCH_E_CONFIG, name);
    if (code != SCH_OK)
        return code;
    if (r->region)
        return region_line(r, ini, name, value);
    if (r->mailbox)
        return mailbox_line(r, ini, name, value);
    if (strcmp(section, "broker") == 0)
        return broker_line(r, ini, name, value);
    if (strcmp(section, "client") == 0)
        return client_line(r, ini, name, value);
    return sch_ini_error(ini, SCH_E_CONFIG, "\"%s\" stands before the first section", name);
}

static void pass_report(void *context, const char *line)
{
    const struct reading *r = context;
    if (r->report)
        r->report(r->context, line);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* A fault that no line has: something is missing. Keeps the first in *error. */
static int missing(const struct reading *r, int code, const char *path, const char *what, const char *where,
                   sch_error *error)
{
    char line[512];
    snprintf(line, sizeof line, "%s: %s%s", path, what, where);
    if (r->report)
        r->report(r->context, line);
    return code != SCH_OK ? code : sch_fail(error, SCH_E_CONFIG, "%s", line);
}

static int check_whole(const struct reading *r, int code, const char *path, sch_error *error)
{
    const struct sch_client_config *config = r->config;
    if (!config->endpoint[0])
        code = missing(r, code, path, "[broker] needs endpoint", "", error);
    if (!config->has_server_key)
        code = missing(r, code, path, "[broker] needs server_key", "", error);
    if (!config->has_transport_key)
        code = missing(r, code, path, "[client] needs transport_key", "", error);
    if (!config->state[0])
        code = missing(r, code, path, "[client] needs state, a directory", "", error);
    if (config->region_count == 0)
        code = missing(r, code, path, "a [region NAME] with its key is needed", "", error);
    for (size_t i = 0; i < config->region_count; i++) {
        if (!config->region[i].has_key)
            code = missing(r, code, path, "key is missing in [region] ", config->region[i].name, error);
    }
    if (config->mailbox_count == 0)
        code = missing(r, code, path, "a [mailbox ADDRESS] is needed", "", error);
    for (size_t i = 0; i < config->mailbox_count; i++) {
        const struct sch_client_mailbox *mailbox = &config->mailbox[i];
        if (mailbox->has_sign_key != (mailbox->sign_key_id[0] != 0))
            code = missing(r, code, path, "sign_key and sign_key_id go together in [mailbox] ",
                           mailbox->address.text, error);
    }
    return code;
}

static int set_folder(struct reading *r, const char *path, sch_error *error)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) + 1 : 0;
    if (size >= sizeof r->folder)
        return sch_fail(error, SCH_E_CONFIG, "the path of the configuration is too long");
    memcpy(r->folder, path, size);
    return SCH_OK;
}

int sch_client_config_load(struct sch_client_config *config, const char *path,
                           void (*report)(void *context, const char *line), void *context, sch_error *error)
{
    struct reading r = { .config = config, .report = report, .context = context };
    memset(config, 0, sizeof *config);
    int code = set_folder(&r, path, error);
    if (code != SCH_OK)
        return code;
    if (sodium_init() < 0)
        return sch_fail(error, SCH_E_INTERNAL, "libsodium cannot start");
    snprintf(config->software, sizeof config->software, "libscharnier %s", SCH_VERSION);
    config->mailbox = calloc(SCH_ATTACHED_MAX, sizeof *config->mailbox);
    config->address = calloc(SCH_ATTACHED_MAX, sizeof *config->address);
    if (!config->mailbox || !config->address) {
        sch_client_config_close(config);
        return sch_fail(error, SCH_E_NO_MEMORY, "reading %s", path);
    }
    code = sch_ini_read_file(path, handle, pass_report, &r, error);
    if (code != SCH_E_IO && code != SCH_E_NO_MEMORY)
        code = check_whole(&r, code, path, error);
    if (code != SCH_OK)
        sch_client_config_close(config);
    return code;
}

void sch_client_config_close(struct sch_client_config *config)
{
    if (config->mailbox)
        sodium_memzero(config->mailbox, SCH_ATTACHED_MAX * sizeof *config->mailbox);
    free(config->mailbox);
    free(config->address);
    sodium_memzero(config, sizeof *config);
}

const struct sch_client_mailbox *sch_client_config_mailbox(const struct sch_client_config *config,
                                                           const char *address)
{
    for (size_t i = 0; i < config->mailbox_count; i++) {
        if (strcmp(config->mailbox[i].address.text, address) == 0)
            return &config->mailbox[i];
    }
    return NULL;
}
