package org.example.clients;

import static org.example.clients.SigningPartner.application;
import static org.example.clients.SigningPartner.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.huaweicloud.sdk.bssintl.v2.model.CreatePersonalRealnameAuthRequest;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.auth.SigningAlgorithm;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.core.region.Region;
import java.util.List;
import java.util.Map;
import org.example.bsssim.BssSimExtension;
import org.example.bsssim.Simulator;
import org.example.bsssim.Space;
import org.example.bsssim.Spaces;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the official SDK for Java signs, and how. */
@ExtendWith(BssSimExtension.class)
class SignaturesTest {
    private static final String UNAUTHENTICATED = "Incorrect IAM authentication information: ";

    @ParameterizedTest
    @CsvSource({"HMAC_SHA256, SDK-HMAC-SHA256", "HMAC_SM3, SDK-HMAC-SM3", "ECDSA_P256_SHA256, SDK-ECDSA-P256-SHA256", "SM2_SM3, SDK-SM2-SM3"})
    void everyAlgorithmIsVerified(SigningAlgorithm algorithm, String name, Space space) {
        SigningPartner partner = SigningPartner.in(space);
        partner.config.withSigningAlgorithm(algorithm);
        partner.accepted(application(space));
        assertTrue(partner.signatures.get(0).startsWith(name + " "), partner.signatures.get(0));
    }

    @Test
    void aDerivedKeyIsVerified(Space space) {
        SigningPartner partner = new SigningPartner(key(space).withDomainId(space.partner().id()).withDerivedPredicate(request -> true));
        partner.builder.withRegion(new Region("ap-southeast-1", space.url())).withDerivedAuthServiceName("bssintl");
        partner.accepted(application(space));
        assertTrue(partner.signatures.get(0).startsWith("V11-HMAC-SHA256 "), partner.signatures.get(0));
    }

    @Test
    void withARegionTheSdkAsksForTheAccountFirst(Space space) {
        SigningPartner partner = new SigningPartner(key(space).withIamEndpoint(space.url()));
        partner.builder.withRegion(new Region("ap-southeast-1", space.url()));
        partner.accepted(application(space));
        Map<String, ?> withAccount = Map.of("headers", Map.of("X-Domain-Id", space.partner().id()));
        space.verifySequence(List.of(Map.of("path", "/v3/auth/domains"), withAccount));
    }

    @Test
    void aWrongSecretIsRefusedWithTheCanonicalRequest(Space space) {
        SigningPartner partner = new SigningPartner(key(space).withSk("wrong-secret"));
        partner.builder.withEndpoint(space.url());
        ServiceResponseException refused = partner.refused(application(space));
        assertEquals(List.of(401, "APIGW.0301"), List.of(refused.getHttpStatusCode(), refused.getErrorCode()));
        String start = UNAUTHENTICATED + "verify aksk signature fail, canonicalRequest:POST|/v2/customers/realname-auths/individual/||";
        assertTrue(refused.getErrorMsg().startsWith(start), refused.getErrorMsg());
    }

    @Test
    void anUnknownKeyIsRefused(Simulator simulator) {
        SigningPartner partner = new SigningPartner(new GlobalCredentials().withAk("NOSUCHAK").withSk("any-secret"));
        partner.builder.withEndpoint(simulator.url());
        partner.refused(application("***_IDP"), 401, "APIGW.0301", UNAUTHENTICATED + "Get secretKey failed,ak:NOSUCHAK,err:ak not exist");
    }

    @Test
    void aTemporaryKeyNeedsItsSecurityToken(Spaces spaces) {
        Map<String, ?> temporary = Map.of("ak", "TEMPAK0001", "sk", "temporary-secret", "security_token", "gQpjbi1ub3J0aC00/+==");
        Map<String, ?> owner = Map.of(
                "name", "demo-partner", "id", "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71", "xaccount_type", "***_IDP",
                "credentials", Map.of("access_keys", List.of(temporary)));
        Map<String, ?> customer = Map.of("id", "customer-new", "partner", "demo-partner");
        Map<String, ?> fixture = Map.of("name", "temporary", "partners", List.of(owner), "customers", List.of(customer));
        Space space = spaces.fromFixture(fixture);
        GlobalCredentials key = new GlobalCredentials().withAk("TEMPAK0001").withSk("temporary-secret");
        ServiceResponseException refused = assertThrows(ServiceResponseException.class, () -> applyIn(space, key));
        SigningPartner.assertRefused(refused, 401, "APIGW.0301", UNAUTHENTICATED + "verify security token fail");
        assertEquals(1, applyIn(space, key.withSecurityToken("gQpjbi1ub3J0aC00/+==")));
    }

    /** The fixture's own key is looked up in the space of the header. */
    private static int applyIn(Space space, GlobalCredentials key) {
        SigningPartner partner = new SigningPartner(key);
        partner.builder.withEndpoint(space.url());
        CreatePersonalRealnameAuthRequest request = new CreatePersonalRealnameAuthRequest().withBody(application("***_IDP"));
        return partner.client().createPersonalRealnameAuthInvoker(request).addHeader("X-Sim-Space", space.id()).invoke().getIsReview();
    }
}
