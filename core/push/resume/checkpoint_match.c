/*
 * Compares the head of the checkpoint with the push, property by property. The texts are clauses
 * that complete a message of resume.c.
 */
#include "push/resume/checkpoint_match.h"

#include <string.h>

#include "catalog/temp_objects.h"

const char *checkpoint_mismatch(const struct checkpoint *checkpoint,
                                const struct checkpoint_wanted *wanted)
{
    const struct checkpoint_head *head = &checkpoint->head;
    char writer[INDEX_WRITER_SIZE];

    index_writer(wanted->level, writer);
    if (checkpoint->version != CHECKPOINT_VERSION)
        return "an older s3dock wrote its checkpoint";
    if (head->content[0] && wanted->content[0] && strcmp(head->content, wanted->content) != 0)
        return "the image has changed since";
    if (strcmp(head->writer, writer) != 0)
        return "its compression is another one";
    if (head->base_count && !wanted->delta)
        return "it copies from other archives";
    if (head->part_size != (head->base_count ? wanted->least : wanted->part_size))
        return "its parts have other sizes";
    if (head->base_count && !temp_objects_is_folder(head->folder))
        return "its checkpoint is damaged";
    return NULL;
}
