package org.example.bsssim;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The scenario that the space of this parameter starts from, or each space of this test, or of each test in this class. What is nearest to
 * the parameter counts; without any, it is {@code default}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Target({ElementType.PARAMETER, ElementType.METHOD, ElementType.TYPE})
public @interface StartsFrom {
    /** Its name. */
    String value();
}
