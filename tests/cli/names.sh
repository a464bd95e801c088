# C++ names: short where people look, whole in titles, data, filters, and where that is asked for.
cat >names.folded <<'F'
main;std::vector<T>& ns::get(const T&) [with T = int] 30
main;int ns::Map<K, V>::find(const K&) const [with K = int] 20
main;int f(int) 10
main;int f(double) 5
main;parse input (cold) 3
F
sed 's/ 20$/ 40/' names.folded >after.folded
thag-analyze stats names.folded
echo
thag-analyze stats --full-names --width=200 names.folded
echo
thag-analyze stats --csv --filter='Map<K' names.folded
thag-analyze diff names.folded after.folded | tail -n 2
thag-analyze flamegraph -o - names.folded | grep -oE '<title>int ns::Map.*</title>|>ns::Map[^<]*</text>|"labels":.*'
thag-analyze flamegraph --full-names -o - names.folded | grep -oE '>int ns::Map[^<]*</text>|"labels":.*'
thag-analyze view -o - names.folded | grep -oE '"labels":\{[^}]*\}'
