#!/bin/bash
# What containers/ ships besides the image: Compose and Kubernetes files, by syntax and by content.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

# field FILE EXPRESSION: a Python expression over the parsed document d.
field() {
	python3 -c 'import sys, yaml
d = yaml.safe_load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$top/containers/$1" "$2" 2>&1
}

if python3 -c 'import yaml' 2>/dev/null; then
	lab='d["services"]["lab"]'
	is "$(field compose.yaml "${lab}['mem_limit'] == ${lab}['memswap_limit']")" True \
		"compose.yaml: limit and swap are one"
	is "$(field compose.yaml "${lab}['volumes']")" "['./reports:/reports']" "compose.yaml: reports"
	is "$(field compose.yaml "${lab}['read_only'], ${lab}['cap_drop'], ${lab}['cap_add']")" \
		"(True, ['ALL'], ['SETUID'])" "compose.yaml: needs one capability"
	is "$(field compose.yaml "'user' in $lab or 'security_opt' in $lab")" False \
		"compose.yaml: the image's own user"
	pod='d["spec"]["template"]["spec"]'
	is "$(field job.yaml 'd["apiVersion"] + " " + d["kind"]')" 'batch/v1 Job' "job.yaml: a Job"
	is "$(field job.yaml "${pod}['containers'][0]['resources']['limits']['memory']")" 512Mi \
		"job.yaml: the limit"
	is "$(field job.yaml "${pod}['containers'][0]['volumeMounts'][0]['name'] == \
${pod}['volumes'][0]['name']")" True "job.yaml: the report volume"
	is "$(field job.yaml "${pod}['securityContext']['runAsNonRoot'], \
${pod}['securityContext']['fsGroup'] == ${pod}['securityContext']['runAsUser']")" "(True, True)" \
		"job.yaml: not root, and the report volume is its own"
	is "$(field job.yaml "${pod}['restartPolicy'], d['spec']['backoffLimit']")" "('Never', 0)" \
		"job.yaml: a kill is not tried again"
else
	skip "Compose and Kubernetes files" "no python3-yaml"
fi
for compose in 'docker compose' docker-compose; do
	$compose version >/dev/null 2>&1 || continue
	(cd "$top/containers" && $compose config -q) >"$scratch/log" 2>&1
	ok $? "compose.yaml: $compose takes it" "$(cat "$scratch/log")"
	break
done
done_testing
