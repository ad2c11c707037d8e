# What no tool can beat: one ssh per host that carries one script of 40 trivial checks.
i=0
while [ "$i" -lt 40 ]; do
  i=$((i + 1))
  stat -c %a /etc/passwd >/dev/null
done
