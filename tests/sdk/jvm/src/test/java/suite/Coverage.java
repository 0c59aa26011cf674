package suite;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which public methods of a client a suite calls: each overload counts, and what counts is the compiled call. */
public final class Coverage {
    private Coverage() {}

    /** Return the public methods of `client` that nothing in the package of `suite` calls, as `name:descriptor`. */
    public static Set<String> missing(Class<?> client, Class<?> suite) throws IOException, URISyntaxException {
        Set<String> methods = Arrays.stream(client.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .map(method -> method.getName() + ":" + descriptor(method))
                .collect(Collectors.toCollection(TreeSet::new));
        if (methods.isEmpty()) {
            throw new AssertionError(client + " has lost its methods, or this check its way of finding them");
        }
        String name = Pattern.quote(client.getName().replace('.', '/'));
        Matcher call = Pattern.compile("Method " + name + "\\.(\\w+:\\S+)").matcher(disassembled(suite));
        while (call.find()) {
            methods.remove(call.group(1));
        }
        return methods;
    }

    private static String descriptor(Method method) {
        return MethodType.methodType(method.getReturnType(), method.getParameterTypes()).descriptorString();
    }

    private static String disassembled(Class<?> suite) throws IOException, URISyntaxException {
        Path root = Path.of(suite.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.list(root.resolve(suite.getPackageName()))) {
            Stream<String> classes = files.map(Path::toString).filter(file -> file.endsWith(".class"));
            String[] arguments = Stream.concat(Stream.of("-c", "-p"), classes).toArray(String[]::new);
            StringWriter text = new StringWriter();
            PrintWriter output = new PrintWriter(text);
            ToolProvider.findFirst("javap").orElseThrow().run(output, output, arguments);
            return text.toString();
        }
    }
}
