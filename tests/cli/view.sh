thag-analyze view "$GOLDEN/v1_ended.thag"
grep -c '</html>' v1_ended.html
thag-analyze view "$GOLDEN/v1_ended.thag" && echo "overwritten"
# The policy lets this script and this style run, and nothing else.
grep -o "default-src 'none'" v1_ended.html
grep -o 'data-part="[a-z]*"' v1_ended.html
python3 - <<'PYTHON'
import base64, hashlib, re
page = open("v1_ended.html", "rb").read()
policy = re.search(rb'content="(default-src[^"]*)"', page).group(1)
for kind in b"style", b"script":
    text = re.search(b"<" + kind + b">(.*?)</" + kind + b">", page, re.S).group(1)
    wanted = kind + b"-src 'sha256-" + base64.b64encode(hashlib.sha256(text).digest()) + b"'"
    print(kind.decode(), "as the policy says" if wanted in policy else "is forbidden")
PYTHON
thag-analyze view -o - --title='</title><script>' "$GOLDEN/sample.thag" | grep -o '<title>.*'
thag-analyze view -o - "$GOLDEN/sample.thag" "$GOLDEN/killed.thag" | grep -o 'data-part="[a-z]*"'
thag-analyze view -o - --no-timeline "$GOLDEN/sample.thag" | grep -o 'data-part="[a-z]*"'
echo 'a;b 1' | thag-analyze view -o - --before "$GOLDEN/sample.thag" -; echo "$?"
