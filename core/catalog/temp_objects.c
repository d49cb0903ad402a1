/* A listing of the folder of temporary objects, filtered by age. */
#include "catalog/temp_objects.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "catalog/walk.h"

#define FOLDER_DIGITS 16

int temp_objects_new_folder(char out[KEY_MAX], struct err *err)
{
    char hex[FOLDER_DIGITS + 1];

    if (random_hex(hex, FOLDER_DIGITS / 2, err))
        return ERR_FAIL;
    snprintf(out, KEY_MAX, TEMP_OBJECTS_FOLDER "%s/", hex);
    return 0;
}

bool temp_objects_is_folder(const char *folder)
{
    size_t size = strlen(TEMP_OBJECTS_FOLDER);

    return strncmp(folder, TEMP_OBJECTS_FOLDER, size) == 0 &&
           strspn(folder + size, "0123456789abcdef") == FOLDER_DIGITS &&
           strcmp(folder + size + FOLDER_DIGITS, "/") == 0;
}

struct search {
    int64_t before;
    store_entry_fn *each;
    void *arg;
};

static int each_object(void *arg, const struct store_entry *entry, struct err *err)
{
    const struct search *search = arg;

    if (entry->is_prefix || entry->info.modified == 0 || entry->info.modified >= search->before)
        return 0;
    return search->each(search->arg, entry, err);
}

int temp_objects_find(struct store *store, int64_t before, store_entry_fn *each, void *arg,
                      struct err *err)
{
    struct search search = {.before = before, .each = each, .arg = arg};
    struct store_op op = {.verb = STORE_LIST, .key = TEMP_OBJECTS_FOLDER};

    return walk_each_sure(store, &op, each_object, &search, "temporary objects", err);
}
