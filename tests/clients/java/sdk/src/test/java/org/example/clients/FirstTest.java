package org.example.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.huaweicloud.sdk.bssintl.v2.BssintlClient;
import com.huaweicloud.sdk.bssintl.v2.model.ApplyIndividualRealnameAuthsReq;
import com.huaweicloud.sdk.bssintl.v2.model.CreatePersonalRealnameAuthRequest;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.exception.ServerResponseException;
import java.util.List;
import java.util.Map;
import org.example.bsssim.BssSimExtension;
import org.example.bsssim.Count;
import org.example.bsssim.Space;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(BssSimExtension.class)
class FirstTest {
    @Test
    void aRequestThatFailedIsSentAgain(Space space) {
        space.script(Map.of("error_code", "CBC.0999"));

        int isReview = PartnerClient.authenticate("customer-new", space.url(), space.ak(), space.sk(), space.partner().xaccountType());
        assertEquals(1, isReview);
        space.verify(Map.of("customer_id", "customer-new"), Count.exactly(2));
    }
}

/** The code under test. If the service fails, it sends the request once more. */
final class PartnerClient {
    static int authenticate(String customer, String endpoint, String ak, String sk, String xaccountType) {
        BssintlClient client = BssintlClient.newBuilder()
                .withCredential(new GlobalCredentials().withAk(ak).withSk(sk))
                .withEndpoint(endpoint)
                .build();
        CreatePersonalRealnameAuthRequest request = new CreatePersonalRealnameAuthRequest().withBody(new ApplyIndividualRealnameAuthsReq()
                .withCustomerId(customer).withName("Wang Xiaoming").withVerifiedNumber("E12345678").withIdentifyType(0)
                .withVerifiedType(3).withVerifiedFileUrl(List.of("passport.jpg", "in-hand.jpg"))
                .withXaccountType(xaccountType));
        try {
            return client.createPersonalRealnameAuth(request).getIsReview();
        } catch (ServerResponseException failed) {
            return client.createPersonalRealnameAuth(request).getIsReview();
        }
    }
}
