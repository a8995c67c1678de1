package clients

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	bssintl "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2/region"
)

// program is the path of bss-sim.
func program(t *testing.T) string {
	path := os.Getenv("BSS_SIM_BIN")
	if path == "" {
		t.Skip("BSS_SIM_BIN is the program that this test starts")
	}
	return path
}

// An unchanged program, which knows only its region. It runs under `bss-sim exec`.
func TestUnderExec(t *testing.T) {
	if os.Getenv("UNDER_EXEC") == "" {
		t.Skip("runs for TestUnderExecTheEnvironmentIsEnough")
	}
	client := bssintl.NewBssintlClient(bssintl.BssintlClientBuilder().WithRegion(region.ValueOf("ap-southeast-1")).Build())
	request := &model.CreatePersonalRealnameAuthRequest{Body: application("***_IDP")}
	response, err := client.CreatePersonalRealnameAuth(request)
	assertAccepted(t, response, err)
	_, err = client.CreatePersonalRealnameAuth(request)
	assertRefused(t, err, 400, "CBC.99000027", "The customer has passed real-name authentication or is being reviewed.")
}

func TestUnderExecTheEnvironmentIsEnough(t *testing.T) {
	command := exec.Command(program(t), "exec", "--fail-on", "unexpected", "--coverage-fail-under", "8", "--", os.Args[0], "-test.run=^TestUnderExec$")
	// What a developer's environment may have: it is not to be used.
	command.Env = append(os.Environ(), "UNDER_EXEC=1", "HUAWEICLOUD_SDK_AK=REALAK", "HUAWEICLOUD_SDK_SK=real", "https_proxy=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1")
	if printed, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, printed)
	}
}

func TestTheAuthorityOfTheSimulatorIsAllThatHTTPSNeeds(t *testing.T) {
	url := serveHTTPS(t)
	demo := func(roots *x509.CertPool) *partner {
		partner := newPartner(global.NewCredentialsBuilder().WithAk("DEMOAK0001").WithSk("demo-secret").Build())
		partner.config.WithHttpTransport(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}})
		partner.builder.WithEndpoint(url)
		return partner
	}
	if _, err := demo(nil).apply(application("***_IDP")); err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
		t.Error(err)
	}
	demo(authority(t, url)).accepted(t, application("***_IDP"))
}

// serveHTTPS starts a simulator that speaks HTTPS, and returns its URL.
func serveHTTPS(t *testing.T) string {
	command := exec.Command(program(t), "serve", "--listen", "127.0.0.1:0", "--tls", "self-signed")
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	line, _ := bufio.NewReader(stdout).ReadBytes('\n')
	var ready struct{ URL string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready.URL
}

// authority fetches the simulator's CA, as `curl -k` does.
func authority(t *testing.T, url string) *x509.CertPool {
	trusting := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := trusting.Get(url + "/_sim/tls/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	pem, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal(string(pem))
	}
	return roots
}
