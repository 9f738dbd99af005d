/* region.c: makes the sample region. Contract in region.h. */
#include "region.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/calendar.h"
#include "output.h"
#include "seal.h"

#define REGION "utrecht"
#define YEAR_MS (INT64_C(366) * 86400000)

/* A mailbox of the region. `file` names the configuration that holds it: parties that share a system share
 * one. */
struct member {
    const char *file;
    const char *address;
    const char *kind;
    const char *name;
    bool gp;       /* its signing key is a GP's */
    bool own_seal; /* false: its organisation's seal key opens its mail */
};

static const struct member members[] = {
    { "linde", "agb:01054321", "GP_PRACTICE", "Huisartsenpraktijk De Linde", true, true },
    { "linde-poh", "agb:01054321/poh-ggz", "POH_GGZ", "POH-GGZ De Linde", false, true },
    { "kompas", "agb:01098765", "GP_PRACTICE", "Huisartsenpraktijk Het Kompas", true, true },
    { "kompas-poh", "agb:01098765/poh-ggz", "POH_GGZ", "POH-GGZ Het Kompas", false, true },
    { "haven", "agb:94061234", "GB_GGZ", "Praktijk Haven", false, true },
    { "noordrand", "agb:06290713", "S_GGZ", "GGZ Noordrand", false, true },
    { "noordrand", "agb:06290713/angst", "S_GGZ", "GGZ Noordrand, angst en stemming", false, false },
    { "noordrand", "agb:06290713/trauma", "S_GGZ", "GGZ Noordrand, trauma", false, false },
    { "zuid", "gemeente:0344/wijkteam-zuid", "WIJKTEAM", "Wijkteam Zuid", false, true },
    { "coordinator", "regio:utrecht/coordinator", "COORDINATOR", "Coördinator regio Utrecht", false, true },
};
#define MEMBER_COUNT (sizeof members / sizeof members[0])

struct making {
    const struct sch_region_plan *plan;
    sch_error *error;
    FILE *directory; /* region.ini as it grows */
    char region_key[65];
    char server_key[65];
};

/* ---- files -------------------------------------------------------------------------------------- */

static int path_of(const struct making *making, char path[SCH_REGION_PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int path_of(const struct making *making, char path[SCH_REGION_PATH_MAX], const char *format, ...)
{
    int used = snprintf(path, SCH_REGION_PATH_MAX, "%s/", making->plan->folder);
    va_list args;
    va_start(args, format);
    int more = used < SCH_REGION_PATH_MAX
                   ? vsnprintf(path + used, (size_t)(SCH_REGION_PATH_MAX - used), format, args)
                   : SCH_REGION_PATH_MAX;
    va_end(args);
    if (used + more < SCH_REGION_PATH_MAX)
        return SCH_OK;
    return sch_fail(making->error, SCH_E_USAGE, "the path of the directory is too long");
}

static int make_folder(const struct making *making, const char *name)
{
    char path[SCH_REGION_PATH_MAX];
    int code = path_of(making, path, "%s", name);
    if (code != SCH_OK || mkdir(path, 0700) == 0)
        return code;
    bool there = errno == EEXIST;
    (void)sch_fail(making->error, SCH_E_IO, "%s: %s", path, strerror(errno));
    /* An earlier attempt that was broken off, or something else of the user's. */
    if (there)
        making->error->hint = "choose a new directory, or remove this one";
    return SCH_E_IO;
}

/* Opens a text file for writing; NULL with the error. */
static FILE *create(const struct making *making, const char *name)
{
    char path[SCH_REGION_PATH_MAX];
    if (path_of(making, path, "%s", name) != SCH_OK)
        return NULL;
    FILE *file = fopen(path, "wx");
    if (file == NULL)
        (void)sch_fail(making->error, SCH_E_IO, "%s: %s", path, strerror(errno));
    return file;
}

static int finish(const struct making *making, FILE *file, const char *name)
{
    bool good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
    return good ? SCH_OK
                : sch_fail(making->error, SCH_E_IO, "%s/%s: %s", making->plan->folder, name, strerror(errno));
}

/* The norms and permits of this installation, to be changed here without touching its own. */
static int copy_data(const struct making *making, const char *name, const char *to)
{
    char from[PATH_MAX];
    char path[SCH_REGION_PATH_MAX];
    size_t size = 0;
    if (!sch_cli_data(name, from, sizeof from))
        return sch_fail(making->error, SCH_E_IO, "%s is neither in /etc/scharnier nor beside this program",
                        name);
    char *content = sch_cli_read(from, SCH_DIRECTORY_SIZE_MAX, &size, making->error);
    if (content == NULL)
        return (int)making->error->code;
    int code = path_of(making, path, "%s", to);
    if (code == SCH_OK)
        code = sch_cli_write(path, false, content, size, making->error);
    free(content);
    return code;
}

/* ---- keys --------------------------------------------------------------------------------------- */

/* Makes keys/NAME-USE.key and gives its public half in hex. */
static int make_key(const struct making *making, const char *name, enum sch_key_use use, char hex[65])
{
    static const char *const uses[] = { "", "transport", "sign", "seal" };
    char path[SCH_REGION_PATH_MAX];
    struct sch_key_pair pair;
    int code = sch_key_pair_new(&pair, use);
    if (code != SCH_OK)
        return sch_fail(making->error, (enum sch_error_code)code, "making a key");
    code = path_of(making, path, "keys/%s-%s.key", name, uses[use]);
    if (code == SCH_OK)
        code = sch_key_pair_save(&pair, path, making->error);
    sodium_bin2hex(hex, 65, pair.public_key, sizeof pair.public_key);
    sodium_memzero(&pair, sizeof pair);
    return code;
}

/* "noordrand-angst" of agb:06290713/angst; the file's name for the organisation itself. */
static void key_name(const struct member *member, char name[64])
{
    const char *slash = strncmp(member->address, "agb:", 4) == 0 ? strchr(member->address, '/') : NULL;
    bool sub =
        slash != NULL && strstr(member->file, slash + 1) == NULL && strstr(member->file, "-poh") == NULL;
    snprintf(name, 64, "%s%s%s", member->file, sub ? "-" : "", sub ? slash + 1 : "");
}

static int make_member(struct making *making, const struct member *member)
{
    char name[64];
    char hex[65];
    key_name(member, name);
    fprintf(making->directory, "\n[party %s]\nname = %s\nkind = %s\n", member->address, member->name,
            member->kind);
    int code = make_key(making, name, SCH_KEY_SIGN, hex);
    if (code != SCH_OK)
        return code;
    fprintf(making->directory, "[key %s-sign]\nuse = sign\nparty = %s\npublic = %s\n%s", name,
            member->address, hex, member->gp ? "gp = yes\n" : "");
    if (!member->own_seal)
        return SCH_OK;
    code = make_key(making, name, SCH_KEY_SEAL, hex);
    fprintf(making->directory, "[key %s-seal]\nuse = seal\nparty = %s\npublic = %s\n", name, member->address,
            hex);
    return code;
}

/* Is this the first member of its configuration? Then the configuration is made with it. */
static bool begins_file(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(members[i].file, members[index].file) == 0)
            return false;
    return true;
}

static int make_transport(struct making *making, const char *file)
{
    char hex[65];
    int code = make_key(making, file, SCH_KEY_TRANSPORT, hex);
    fprintf(making->directory, "\n[key %s]\nuse = transport\npublic = %s\nacts_for =", file, hex);
    for (size_t i = 0, count = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i].file, file) == 0)
            fprintf(making->directory, "%s%s", count++ > 0 ? ", " : " ", members[i].address);
    fputc('\n', making->directory);
    return code;
}

/* ---- the directory ------------------------------------------------------------------------------- */

static int sign_directory(struct making *making)
{
    char path[SCH_REGION_PATH_MAX];
    char key_path[SCH_REGION_PATH_MAX];
    char hex[130];
    uint8_t signature[64];
    struct sch_key_pair pair = { 0 };
    size_t size = 0;
    char *content = NULL;
    int code = path_of(making, key_path, "keys/region-sign.key");
    if (code == SCH_OK)
        code = path_of(making, path, "region.ini");
    if (code == SCH_OK)
        code = sch_key_pair_load(&pair, key_path, making->error);
    if (code == SCH_OK &&
        (content = sch_cli_read(path, SCH_DIRECTORY_SIZE_MAX, &size, making->error)) == NULL)
        code = (int)making->error->code;
    if (code == SCH_OK) {
        sch_directory_sign((const uint8_t *)content, size, pair.secret_key, signature);
        sodium_bin2hex(hex, 129, signature, sizeof signature);
        hex[128] = '\n';
        code = path_of(making, path, "region.ini.sig");
    }
    if (code == SCH_OK)
        code = sch_cli_write(path, false, hex, 129, making->error);
    sodium_memzero(&pair, sizeof pair);
    free(content);
    return code;
}

static int make_directory(struct making *making)
{
    char until[SCH_TIME_SIZE];
    /* The fast clock runs through years in an afternoon. */
    int64_t not_after_ms = making->plan->now_ms + (making->plan->clock_rate > 1 ? 20 : 1) * YEAR_MS;
    making->directory = create(making, "region.ini");
    if (making->directory == NULL)
        return (int)making->error->code;
    fprintf(making->directory,
            "; The parties of a sample region. After a change raise serial and sign again:\n"
            ";   scharnier directory sign region.ini --key keys/region-sign.key\n"
            "[directory]\nregion = " REGION "\nserial = 1\nnot_after = %s\n",
            sch_time_utc(not_after_ms, until));
    int code = SCH_OK;
    for (size_t i = 0; i < MEMBER_COUNT && code == SCH_OK; i++)
        code = make_member(making, &members[i]);
    for (size_t i = 0; i < MEMBER_COUNT && code == SCH_OK; i++)
        if (begins_file(i))
            code = make_transport(making, members[i].file);
    int closed = finish(making, making->directory, "region.ini");
    return code != SCH_OK ? code : closed != SCH_OK ? closed : sign_directory(making);
}

/* ---- configurations ------------------------------------------------------------------------------ */

static int write_broker(const struct making *making)
{
    const struct sch_region_plan *plan = making->plan;
    char now[SCH_TIME_SIZE];
    FILE *file = create(making, "scharnierd.conf");
    if (file == NULL)
        return (int)making->error->code;
    fprintf(
        file,
        "; A region to try things out in, on this machine only.\n"
        "[broker]\nlisten = tcp://127.0.0.1:%u\ncurve_key = keys/broker-transport.key\nstore = store\n"
        "reserve = 64M\nmap_size = 4G\ndevelopment = yes\n\n"
        "[region " REGION "]\ndirectory = region.ini\nkey = %s\n\n[norms]\nfile = norms.ini\n\n"
        "[permits]\nfile = permits.ini\n\n[http]\nlisten = 127.0.0.1:%u\n\n[clock]\nrate = %u\ne1_hold = "
        "0s\n",
        plan->port, making->region_key, plan->http_port, plan->clock_rate);
    if (plan->clock_rate > 1)
        fprintf(file, "since = %s\n", sch_time_utc(plan->now_ms, now));
    return finish(making, file, "scharnierd.conf");
}

static int write_client(const struct making *making, const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "%.60s.conf", name);
    FILE *file = create(making, path);
    if (file == NULL)
        return (int)making->error->code;
    fprintf(file,
            "[broker]\nendpoint = tcp://127.0.0.1:%u\nserver_key = %s\n\n"
            "[client]\ntransport_key = keys/%s-transport.key\nstate = state/%s\n\n[region " REGION
            "]\nkey = %s\n",
            making->plan->port, making->server_key, name, name, making->region_key);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        char key[64];
        if (strcmp(members[i].file, name) != 0)
            continue;
        key_name(&members[i], key);
        fprintf(file, "\n[mailbox %s]\nsign_key = keys/%s-sign.key\nsign_key_id = %s-sign\n",
                members[i].address, key, key);
        if (members[i].own_seal)
            fprintf(file, "seal_key = keys/%s-seal.key\n", key);
        /* A coordinator has no mailbox: it sees metadata, never letters. */
        if (strcmp(members[i].kind, "COORDINATOR") == 0)
            fprintf(file, "attach = no\n");
    }
    return finish(making, file, path);
}

static int write_referral(const struct making *making)
{
    FILE *file = create(making, "referral.json");
    if (file == NULL)
        return (int)making->error->code;
    fputs("{\n"
          "  \"key\": \"dev-1\",\n"
          "  \"to\": \"agb:06290713/angst\",\n"
          "  \"copies\": [\"agb:01054321/poh-ggz\"],\n"
          "  \"facts\": { \"urgency\": \"ROUTINE\", \"echelon\": \"S_GGZ\", \"author_role\": \"GP\" },\n"
          "  \"sections\": {\n"
          "    \"question\": \"Graag diagnostiek en behandeladvies.\",\n"
          "    \"reason\": \"Sinds drie maanden paniekklachten, ondanks vijf gesprekken bij de POH-GGZ.\",\n"
          "    \"suspected_disorder\": \"Paniekstoornis\",\n"
          "    \"severity\": \"Matig; werk sinds twee weken niet mogelijk.\",\n"
          "    \"risk\": \"Geen aanwijzingen voor suïcidaliteit.\",\n"
          "    \"consent\": \"Patiënt stemt in met verwijzing en met terugkoppeling.\",\n"
          "    \"bridging\": \"POH-GGZ ziet patiënt om de twee weken tot de intake.\"\n"
          "  }\n"
          "}\n",
          file);
    return finish(making, file, "referral.json");
}

static int write_configurations(const struct making *making)
{
    int code = write_broker(making);
    for (size_t i = 0; i < MEMBER_COUNT && code == SCH_OK; i++)
        if (begins_file(i))
            code = write_client(making, members[i].file);
    return code;
}

int sch_region_make(const struct sch_region_plan *plan, sch_error *error)
{
    struct making making = { .plan = plan, .error = error };
    int code = make_folder(&making, "keys");
    if (code == SCH_OK)
        code = make_folder(&making, "state");
    if (code == SCH_OK)
        code = make_key(&making, "region", SCH_KEY_SIGN, making.region_key);
    if (code == SCH_OK)
        code = make_key(&making, "broker", SCH_KEY_TRANSPORT, making.server_key);
    if (code == SCH_OK)
        code = copy_data(&making, "norms/nl.ini", "norms.ini");
    if (code == SCH_OK)
        code = copy_data(&making, "norms/permits.ini", "permits.ini");
    if (code == SCH_OK)
        code = make_directory(&making);
    if (code == SCH_OK)
        code = write_configurations(&making);
    return code == SCH_OK ? write_referral(&making) : code;
}
