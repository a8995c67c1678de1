package org.example.bsssim;

import java.util.Map;

/** A partner of a space, with its credentials, which lead to this space. */
public final class Partner {
    private final Map<String, Object> parts;

    Partner(Map<String, Object> parts) {
        this.parts = parts;
    }

    /** Its name in the scenario. */
    public String name() {
        return (String) parts.get("name");
    }

    /** The account (domain) ID. */
    public String id() {
        return (String) parts.get("id");
    }

    /** The platform ID. */
    public String xaccountType() {
        return (String) parts.get("xaccount_type");
    }

    /** The first token, for {@code X-Auth-Token}. */
    public String token() {
        return (String) parts.get("token");
    }

    /** The ID of the first access key. */
    public String ak() {
        return (String) parts.get("ak");
    }

    /** The secret of that key. */
    public String sk() {
        return (String) parts.get("sk");
    }
}
