/* check_short_name.c - names of functions that are cut for people, and what is never cut. */
#include <check.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/short_name.h"
#include "suite.h"

#define X60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *whole, *cut;
} names[] = {
	{"main", "main"},
	{"std::vector<int>::push_back(int const&)", "std::vector<int>::push_back(int const&)"},
	{"v8::internal::Scavenger::Evacuate<v8::internal::FullHeapObjectSlot>(int)",
	 "v8::internal::Scavenger::Evacuate<…>(…)"},
	{"v8::internal::Scavenger::EvacuateInPlaceInternalizableString<v8::internal::Slot>",
	 "…::Scavenger::EvacuateInPlaceInternalizableString<…>"},
	{"a_namespace_of_some_length::another::operator<< <std::char_traits<char> >(int)",
	 "a_namespace_of_some_length::another::operator<< <…>(…)"},
	{"a_namespace_of_some_length::(anonymous namespace)::f<std::pair<int, int> >()",
	 "a_namespace_of_some_length::(anonymous namespace)::f<…>()"},
	{"a_namespace_of_some_length::another_one::S<int>::operator()(std::pair<int, int>)",
	 "…::another_one::S<…>::operator()(…)"},
	{"n::" X60, "…::" X60},
	{X60 "a", X60 "a"},
	{X60 "<int", X60 "<int"},
	{"", ""},
};

START_TEST(a_name_is_cut_and_stays_one)
{
	_cleanup_free_ char *found = short_name(names[_i].whole);

	ck_assert_str_eq(found, names[_i].cut);
}
END_TEST

static TCase *cuts(void)
{
	TCase *t = tcase_create("cuts");

	tcase_add_loop_test(t, a_name_is_cut_and_stays_one, 0, ARRAY_SIZE(names));
	return t;
}

int main(void)
{
	TCase *const cases[] = {cuts()};

	return suite_run("short_name", cases, ARRAY_SIZE(cases));
}
