# export --push: what a server gets. scripts/check-pyroscope does the same with a real one.
thag-analyze export --push=http://127.0.0.1:1 --format=pprof - </dev/null 2>&1 | grep -q 'without libcurl' && exit 77
command -v python3 >/dev/null || exit 77
cat >server.py <<'PY'
import base64, hashlib, http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/full"):
            self.send_response(429)
            self.end_headers()
            self.wfile.write(b"no more of \x1b[31myou\n" + b"x" * 100000)
            return
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        series = json.loads(body)["series"]
        pprof = base64.b64decode(series[0]["samples"][0].pop("rawProfile"), validate=True)
        with open("requests", "a") as to:
            print(self.path, self.headers["Content-Type"], self.headers["Authorization"], file=to)
            print(json.dumps(series), file=to)
            print(hashlib.sha256(pprof).hexdigest() == open("sum").read(), file=to)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open("port.new", "w").write(str(server.server_port))
import os; os.rename("port.new", "port")
server.serve_forever()
PY
python3 server.py &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 600); do [ -f port ] && break; sleep 0.1; done
port=$(cat port)
push() { thag-analyze export --push="http://$1127.0.0.1:$port$2" "${@:3}" 2>&1 | sed "s/:$port/:PORT/" | cut -c1-150; }
sample=$GOLDEN/sample.thag
thag-analyze export --format=pprof -o sample.pb.gz "$sample" >said
sha256sum <sample.pb.gz | tr -d ' \n-' >sum
push "" "" "$sample"
THAG_PUSH_TOKEN=secret push "" /behind/ --service='a "shop"' --label=region=eu --label=env=a=b "$sample"
push user:password@ "" --server=parca "$sample"
cat requests
echo "refused"
push "" /full "$sample"
push user:password@ /moved "$sample"
thag-analyze export --push=file:///etc/passwd "$sample" 2>&1 | sed 's/(.*//'
thag-analyze export --push=http://127.0.0.1:1 "$sample" 2>&1 | sed 's/(.*//'
echo "wrong usage"
push "" "" --format=csv "$sample"
push "" "" -o x "$sample"
push "" "" --label=1=x "$sample"
thag-analyze export --label=a=x "$sample" 2>&1
ls x 2>&1
