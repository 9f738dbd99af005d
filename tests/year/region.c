/* region.c: parties by the dozen, and the two directories, the norms and the permits that follow from them. */
#include "region.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "shell/norm_file.h"
#include "shell/permit_file.h"

#define PRACTICES 60
#define POSTS 3
#define GB 12
#define S 8
#define TEAMS 6

/* 2026-06-05 is a local feast; 14 May (Ascension Day) is worked here. Days of almanac.h. */
const struct almanac_region region_calendar = { 365 + 155, 365 + 133 };
#define REGION_ROWS \
    "\n[calendar " REGION_NAME "]\nadd = 2026-06-05\ndrop = 2026-05-14\n" \
    "[E8 region " REGION_NAME "]\nterm = 90\nunit = days\nsource = test\nsince = 2020-01-01\n" \
    "[E4 provider agb:06000001]\nterm = 6\nunit = weeks\nsource = test\nsince = 2020-01-01\n"

/* ---- parties ------------------------------------------------------------------------------------ */

static int add(struct region *region, int home, int system, enum sch_party_kind kind, const char *format, ...)
{
    struct region_party *party = &region->party[region->party_count];
    char text[128];
    va_list arguments;
    bool valid;

    assert(region->party_count < REGION_PARTIES_MAX);
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    valid = sch_address_set(&party->address, text);
    assert(valid);
    sch_address_organisation(&party->address, &party->organisation);
    party->kind = kind;
    party->home = home;
    party->system = system;
    party->mailbox = true;
    snprintf(party->signing_key, sizeof party->signing_key, "sign-%d", region->party_count);
    snprintf(party->seal_key, sizeof party->seal_key, "seal-%d", region->party_count);
    return region->party_count++;
}

static void add_practices(struct region *region)
{
    for (int i = 0; i < PRACTICES; i++) {
        int system = region->system_count++;

        region->practice[i] = add(region, 0, system, SCH_PARTY_GP_PRACTICE, "agb:0100%04d", i + 1);
        region->poh[i] = i % 10 == 9 ? -1 : add(region, 0, system, SCH_PARTY_POH_GGZ, "agb:0100%04d/poh-ggz", i + 1);
    }
    region->practice_count = PRACTICES;
    for (int i = 0; i < POSTS; i++)
        region->post[region->post_count++] =
            add(region, 0, region->system_count++, SCH_PARTY_OUT_OF_HOURS, "agb:0150%04d", i + 1);
}

static void add_providers(struct region *region)
{
    static const char *const department[] = { "angst", "stemming", "persoonlijkheid", "ouderen" };

    for (int i = 0; i < GB; i++)
        region->gb[region->gb_count++] =
            add(region, 0, region->system_count++, SCH_PARTY_GB_GGZ, "agb:9400%04d", i + 1);
    for (int i = 0; i < S; i++) {
        int system = region->system_count++;
        int organisation = add(region, 0, system, SCH_PARTY_S_GGZ, "agb:0600%04d", i + 1);

        region->party[organisation].mailbox = false;
        for (int k = 0; k < 3 + i % 2; k++)
            region->department[region->department_count++] =
                add(region, 0, system, SCH_PARTY_S_GGZ, "agb:0600%04d/%s", i + 1, department[k]);
    }
    region->crisis = add(region, 0, region->system_count++, SCH_PARTY_CRISIS, "agb:06009000/crisis");
    for (int i = 0; i < TEAMS; i++)
        region->wijkteam[region->wijkteam_count++] =
            add(region, 0, region->system_count++, SCH_PARTY_WIJKTEAM, "gemeente:0200/wijkteam-%d", i + 1);
    region->mgn = add(region, 0, region->system_count++, SCH_PARTY_MGN, "regio:" REGION_NAME "/mgn");
    region->coordinator[0] =
        add(region, 0, region->system_count++, SCH_PARTY_COORDINATOR, "regio:" REGION_NAME "/coordinator");
}

static void add_neighbours(struct region *region)
{
    region->far_practice = add(region, 1, region->system_count++, SCH_PARTY_GP_PRACTICE, "agb:01099001");
    region->far_provider = add(region, 1, region->system_count++, SCH_PARTY_GB_GGZ, "agb:94009001");
    region->coordinator[1] =
        add(region, 1, region->system_count++, SCH_PARTY_COORDINATOR, "regio:" REGION_FAR "/coordinator");
}

/* ---- the book ----------------------------------------------------------------------------------- */

static void write_key(FILE *out, const char *id, const char *use, int number)
{
    fprintf(out, "[key %s]\nuse = %s\npublic = %064x\nvalid_from = 2020-01-01\nvalid_until = 2035-01-01\n", id, use,
            (unsigned)number);
}

static struct sch_directory *directory(const struct region *region, int home, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *made;
    int last = -1;

    assert(out != NULL);
    fprintf(out, "[directory]\nregion = %s\nserial = 1\nnot_after = 2035-01-01\n", name);
    for (int i = 0; i < region->party_count; i++) {
        const struct region_party *party = &region->party[i];

        if (party->home != home)
            continue;
        fprintf(out, "[party %s]\nname = Partij %d\nkind = %s\n", party->address.text, i,
                sch_code_name(SCH_SET_PARTY, party->kind));
        write_key(out, party->signing_key, "sign", 4 * i + 2);
        fprintf(out, "party = %s\n%s", party->address.text,
                party->kind == SCH_PARTY_GP_PRACTICE || party->kind == SCH_PARTY_OUT_OF_HOURS ? "gp = yes\n" : "");
        write_key(out, party->seal_key, "seal", 4 * i + 3);
        fprintf(out, "party = %s\n", party->address.text);
        if (party->system == last)
            continue;
        last = party->system;
        fprintf(out, "[key sys-%d]\nuse = transport\npublic = %064x\nvalid_from = 2020-01-01\n"
                     "valid_until = 2035-01-01\nacts_for = %s", last, (unsigned)(4 * i + 1), party->address.text);
        for (int k = i + 1; k < region->party_count && region->party[k].system == last; k++)
            fprintf(out, ",\n    %s", region->party[k].address.text);
        fputc('\n', out);
    }
    fclose(out);
    made = sch_directory_parse(name, (const uint8_t *)text, size, &error);
    if (made == NULL) {
        fprintf(stderr, "year: %s\n", error.text);
        abort();
    }
    free(text);
    return made;
}

static void load_norms(struct sch_book *book)
{
    static char text[65536];
    FILE *file = fopen("adapters/norms/nl.ini", "r");
    sch_error error = SCH_ERROR_INIT;
    size_t size;

    assert(file != NULL);
    size = fread(text, 1, sizeof text - sizeof REGION_ROWS, file);
    fclose(file);
    memcpy(text + size, REGION_ROWS, sizeof REGION_ROWS - 1);
    if (sch_norm_file_parse("year", (const uint8_t *)text, size + sizeof REGION_ROWS - 1, &book->norms, NULL, NULL,
                            &error) != SCH_OK ||
        sch_permit_file_load("adapters/norms/permits.ini", &book->permits, NULL, NULL, &error) != SCH_OK) {
        fprintf(stderr, "year: %s: %s\n", error.name, error.text);
        abort();
    }
}

void region_open(struct region *region)
{
    struct sch_book *book = calloc(1, sizeof *book);

    assert(book != NULL);
    memset(region, 0, sizeof *region);
    add_practices(region);
    add_providers(region);
    add_neighbours(region);
    assert(region->system_count <= REGION_SYSTEMS_MAX);
    book->directory[book->directory_count++] = directory(region, 0, REGION_NAME);
    book->directory[book->directory_count++] = directory(region, 1, REGION_FAR);
    load_norms(book);
    region->book = book;
}

void region_close(struct region *region)
{
    sch_book_free(region->book);
}

bool region_is_slow(const struct region *region, int party)
{
    return strcmp(region->party[party].organisation.text, "agb:06000001") == 0;
}

int region_find(const struct region *region, const char *address)
{
    for (int i = 0; i < region->party_count; i++)
        if (strcmp(region->party[i].address.text, address) == 0)
            return i;
    return -1;
}
