/*
 * list_leak - a list of 1000-byte nodes that grows until somebody ends it: each page is touched by
 * a call chain of a program and of malloc(3), as small leaks are.
 */
#include <stdlib.h>
#include <string.h>

struct node {
	struct node *next;
	char body[1000];
};

static struct node *head;

static void add(int byte)
{
	struct node *node = malloc(sizeof(*node));

	if (!node)
		exit(1);
	memset(node->body, byte, sizeof(node->body));
	node->next = head;
	head = node;
}

int main(void)
{
	for (int i = 0;; i++)
		add(i);
}
