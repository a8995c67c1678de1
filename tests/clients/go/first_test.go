package clients

import (
	"testing"

	bsssim "example.org/bss-sim/go"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	bssintl "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2/model"
)

func TestFirst(t *testing.T) {
	space := bsssim.Start(t).Space(t)
	space.Script(bsssim.JSON{"error_code": "CBC.0999"})

	// What a program under test would do.
	credentials := global.NewCredentialsBuilder().WithAk(space.AK).WithSk(space.SK).Build()
	client := bssintl.NewBssintlClient(bssintl.BssintlClientBuilder().WithEndpoint(space.URL).WithCredential(credentials).Build())
	passport := int32(3)
	application := &model.CreatePersonalRealnameAuthRequest{Body: &model.ApplyIndividualRealnameAuthsReq{
		CustomerId: "customer-new", Name: "Wang Xiaoming", VerifiedNumber: "E12345678", VerifiedType: &passport,
		VerifiedFileUrl: []string{"passport.jpg", "in-hand.jpg"}, XaccountType: space.XaccountType,
	}}
	if _, err := client.CreatePersonalRealnameAuth(application); err == nil {
		t.Error("the first answer is CBC.0999")
	}
	if response, err := client.CreatePersonalRealnameAuth(application); err != nil || *response.IsReview != 1 {
		t.Error(response, err)
	}
	space.Verify(bsssim.JSON{"customer_id": "customer-new"}, bsssim.Exactly(2))
}
