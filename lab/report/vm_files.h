/*
 * vm_files.h - files that lived in the memory of a VM, as its samples measured them; pure.
 *
 * Internal to lab/report. Such files are charged as shmem to the cgroup of their writer.
 */
#ifndef OOMLAB_REPORT_VM_FILES_H
#define OOMLAB_REPORT_VM_FILES_H

#include "doc/doc.h"
#include "report/facts.h"

/*
 * Labels the shared memory of the budget with a folder, if its files explain that item. pre:
 * f->kill_ns is set if there is a kill.
 */
void vm_files_name(const struct facts *f, struct budget *b);

/* Whether files in the guest's /tmp are half of the shared memory of the budget, or more. */
bool vm_files_are_tmp(const struct facts *f, const struct budget *b);
/* The sample that tells so. pre: vm_files_are_tmp() is true. */
void vm_files_cite(const struct facts *f, const struct budget *b, struct doc *doc);

/* Says what they held at the moment of the budget, a sentence for each folder. */
void vm_files_say(const struct facts *f, const struct budget *b, struct doc *doc);

#endif
