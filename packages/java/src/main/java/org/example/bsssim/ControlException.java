package org.example.bsssim;

/** A call of the control API that was refused, or that nothing answered. The text is the simulator's own, with a mistake a line. */
public final class ControlException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    ControlException(String detail, int status) {
        super(detail);
        this.status = status;
    }

    /** The HTTP status, or 0 if there is no answer. */
    public int status() {
        return status;
    }
}
