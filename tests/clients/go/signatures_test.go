package clients

import (
	"strings"
	"testing"

	bsssim "example.org/bss-sim/go"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/signer/algorithm"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/request"
)

func TestEveryAlgorithmIsVerified(t *testing.T) {
	for name, each := range map[string]algorithm.SigningAlgorithm{
		"SDK-HMAC-SHA256":       algorithm.HmacSHA256,
		"SDK-HMAC-SM3":          algorithm.HmacSM3,
		"SDK-ECDSA-P256-SHA256": algorithm.EcdsaP256SHA256,
		"SDK-SM2-SM3":           algorithm.SM2SM3,
	} {
		name, each := name, each
		t.Run(name, func(t *testing.T) {
			space := simulator.Space(t)
			partner := inSpace(space)
			partner.config.WithSigningAlgorithm(each)
			partner.accepted(t, application(space.XaccountType))
			partner.signedBy(t, name)
		})
	}
}

// signedBy fails the test unless the last request was signed by this algorithm.
func (partner *partner) signedBy(t *testing.T, name string) {
	t.Helper()
	sent := partner.requests[len(partner.requests)-1].Header.Get("Authorization")
	if !strings.HasPrefix(sent, name+" ") {
		t.Error(sent)
	}
}

// inRegion is a place that only the tests know: the SDK remembers what the environment says of a real one.
func inRegion(space *bsssim.Space) *region.Region {
	return region.NewRegion("ap-southeast-1", space.URL)
}

func TestADerivedKeyIsVerified(t *testing.T) {
	space := simulator.Space(t)
	always := func(*request.DefaultHttpRequest) bool { return true }
	partner := newPartner(keyOf(space).WithDomainId(space.Partner.ID).WithDerivedPredicate(always).Build())
	partner.builder.WithRegion(inRegion(space)).WithDerivedAuthServiceName("bssintl")
	partner.accepted(t, application(space.XaccountType))
	partner.signedBy(t, "V11-HMAC-SHA256")
}

func TestWithARegionTheSDKAsksForTheAccountFirst(t *testing.T) {
	space := simulator.Space(t)
	partner := newPartner(keyOf(space).WithIamEndpointOverride(space.URL).Build())
	partner.builder.WithRegion(inRegion(space))
	partner.accepted(t, application(space.XaccountType))
	space.VerifySequence([]bsssim.JSON{{"path": "/v3/auth/domains"}, {"headers": bsssim.JSON{"X-Domain-Id": space.Partner.ID}}})
}

func TestAWrongSecretIsRefusedWithTheCanonicalRequest(t *testing.T) {
	space := simulator.Space(t)
	partner := newPartner(keyOf(space).WithSk("wrong-secret").Build())
	partner.builder.WithEndpoint(space.URL)
	_, err := partner.apply(application(space.XaccountType))
	if err == nil || !strings.Contains(err.Error(), unauthenticated+"verify aksk signature fail, canonicalRequest:POST|/v2/customers/realname-auths/individual/||") {
		t.Error(err)
	}
}

func TestAnUnknownKeyIsRefused(t *testing.T) {
	partner := newPartner(global.NewCredentialsBuilder().WithAk("NOSUCHAK").WithSk("any-secret").Build())
	partner.builder.WithEndpoint(simulator.URL)
	partner.refused(t, application("***_IDP"), 401, "APIGW.0301", unauthenticated+"Get secretKey failed,ak:NOSUCHAK,err:ak not exist")
}

func TestATemporaryKeyNeedsItsSecurityToken(t *testing.T) {
	space := simulator.Space(t, bsssim.Fixture(bsssim.JSON{
		"name": "temporary",
		"partners": []bsssim.JSON{{
			"name": "demo-partner", "id": "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71", "xaccount_type": "***_IDP",
			"credentials": bsssim.JSON{"access_keys": []bsssim.JSON{{"ak": "TEMPAK0001", "sk": "temporary-secret", "security_token": "gQpjbi1ub3J0aC00/+=="}}},
		}},
		"customers": []bsssim.JSON{{"id": "customer-new", "partner": "demo-partner"}},
	}))
	key := func() *partner {
		credentials := global.NewCredentialsBuilder().WithAk("TEMPAK0001").WithSk("temporary-secret").WithSecurityToken("gQpjbi1ub3J0aC00/+==")
		return newPartner(credentials.Build())
	}
	// The fixture's own key is looked up in the space of this header.
	headers := map[string]string{"X-Sim-Space": space.ID}
	temporary := key()
	temporary.builder.WithEndpoint(space.URL)
	response, err := temporary.applyWith(application(space.XaccountType), headers)
	assertAccepted(t, response, err)

	without := newPartner(global.NewCredentialsBuilder().WithAk("TEMPAK0001").WithSk("temporary-secret").Build())
	without.builder.WithEndpoint(space.URL)
	_, err = without.applyWith(application(space.XaccountType), headers)
	assertRefused(t, err, 401, "APIGW.0301", unauthenticated+"verify security token fail")
}
